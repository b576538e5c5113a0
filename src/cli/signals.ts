/** The signals a terminal or a system sends to end or suspend a program. */
export type SignalName = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT" | "SIGTSTP";

export type SignalHandlers = Partial<Record<SignalName, () => void>>;

/** A stack of signal handlers: the latest that knows a signal gets it; a signal that none knows does what the system does by default. */
export interface Signals {
  handle(handlers: SignalHandlers): Disposable;
  /** Hears of each signal that is handled, after its handler. */
  observe(observer: (name: SignalName) => void): Disposable;
}

/** The part of `process` that signals come from. */
interface SignalSource {
  on(name: SignalName, listener: () => void): unknown;
  off(name: SignalName, listener: () => void): unknown;
}

export function createSignals(source: SignalSource): Signals {
  const stack: SignalHandlers[] = [];
  const observers = new Set<(name: SignalName) => void>();
  const listeners = new Map<SignalName, () => void>();

  const topmost = (name: SignalName) => stack.findLast((handlers) => handlers[name] !== undefined)?.[name];

  // A listener, even an idle one, takes a signal's default action away: listen only while somebody handles it.
  const listenAsNeeded = (handlers: SignalHandlers) => {
    for (const name of Object.keys(handlers) as SignalName[]) {
      const listener = listeners.get(name);
      const wanted = topmost(name) !== undefined;
      if (wanted && listener === undefined) {
        const created = () => {
          topmost(name)?.();
          for (const observer of [...observers]) observer(name);
        };
        listeners.set(name, created);
        source.on(name, created);
      } else if (!wanted && listener !== undefined) {
        listeners.delete(name);
        source.off(name, listener);
      }
    }
  };

  return {
    observe(observer) {
      observers.add(observer);
      return { [Symbol.dispose]: () => void observers.delete(observer) };
    },
    handle(handlers) {
      stack.push(handlers);
      listenAsNeeded(handlers);
      return {
        [Symbol.dispose]() {
          const index = stack.indexOf(handlers);
          if (index >= 0) stack.splice(index, 1);
          listenAsNeeded(handlers);
        },
      };
    },
  };
}
