/** Work that is done ahead of where its results are used, in order, and no further ahead than a budget allows. */
export interface Window<T> extends AsyncIterable<T> {
  /** Waits until there is room for work of this cost (bytes), and takes that room. Throws once stopped. */
  admit(cost: number): Promise<void>;
  /** Adds admitted work behind all before it; the room is given back when its result has been used. */
  add(cost: number, result: Promise<T>): void;
  /** Nothing more will be added. */
  end(): void;
  /** Makes whoever waits in {@link admit} throw the reason. */
  stop(reason: unknown): void;
}

export function createWindow<T>(budget: number): Window<T> {
  const queue: { cost: number; result: Promise<T> }[] = [];
  let used = 0;
  let ended = false;
  let stopped: { reason: unknown } | undefined;
  let wakeProducer = () => {};
  let wakeConsumer = () => {};

  return {
    async admit(cost) {
      // One that is larger than the whole budget goes alone.
      while (stopped === undefined && used > 0 && used + cost > budget) {
        await new Promise<void>((resolve) => {
          wakeProducer = resolve;
        });
      }
      if (stopped !== undefined) throw stopped.reason;
      used += cost;
    },
    add(cost, result) {
      // It is awaited in its turn; until then its failure is not an unhandled one.
      result.catch(() => {});
      queue.push({ cost, result });
      wakeConsumer();
    },
    end() {
      ended = true;
      wakeConsumer();
    },
    stop(reason) {
      stopped ??= { reason };
      wakeProducer();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = queue.shift();
        if (next !== undefined) {
          yield await next.result;
          used -= next.cost;
          wakeProducer();
        } else if (ended) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            wakeConsumer = resolve;
          });
        }
      }
    },
  };
}
