export interface IdleOptions {
  /** Milliseconds without anything to do, after which `leave` is called. Infinity: never. */
  readonly idleMs: number;
  /** Milliseconds since 1970. */
  now(): number;
  /** Whether there are requests under way or living jobs. */
  isBusy(): boolean;
  /** Milliseconds since 1970. */
  lastRequestAt(): number;
  leave(): void;
}

const checkEveryMs = 30_000;

/** Calls `leave` once there was nothing to do for a while. Stopped by disposing of it. */
export function watchIdle(options: IdleOptions): Disposable {
  let lastBusyAt = options.now();
  let timer: NodeJS.Timeout | undefined;
  const check = () => {
    if (options.isBusy()) lastBusyAt = options.now();
    const idleSince = Math.max(lastBusyAt, options.lastRequestAt());
    const left = idleSince + options.idleMs - options.now();
    if (left <= 0) options.leave();
    else timer = setTimeout(check, Math.min(left, checkEveryMs));
  };
  if (Number.isFinite(options.idleMs)) check();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
