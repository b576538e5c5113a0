/** A map that gives its keys in the order of their UTF-8 bytes, as S3 lists them. */
export interface SortedKeys<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  delete(key: string): void;
  readonly size: number;
  /** Values by key, from the first key that is not before `start`. */
  from(start: string): IterableIterator<Value>;
  values(): IterableIterator<Value>;
}

export function createSortedKeys<Value>(): SortedKeys<Value> {
  const values = new Map<string, Value>();
  let keys: string[] = [];
  // Loading appends thousands of keys in any order: they're sorted when somebody asks.
  let sorted = true;

  function sort(): void {
    if (!sorted) keys = [...values.keys()].sort(compareUtf8);
    sorted = true;
  }

  function* from(start: string): IterableIterator<Value> {
    sort();
    // What is inserted or deleted meanwhile replaces the list or shifts it; this walk keeps its own.
    const snapshot = keys;
    for (let i = lowerBound(snapshot, start); i < snapshot.length; i += 1) {
      const value = values.get(snapshot[i] ?? "");
      if (value !== undefined) yield value;
    }
  }

  return {
    get: (key) => values.get(key),
    set(key, value) {
      if (!values.has(key)) sorted = false;
      values.set(key, value);
    },
    delete(key) {
      if (values.delete(key)) sorted = false;
    },
    get size() {
      return values.size;
    },
    from,
    values: () => values.values(),
  };
}

function lowerBound(keys: readonly string[], start: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUtf8(keys[middle] ?? "", start) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Order of UTF-8 bytes. JavaScript compares UTF-16 units, which sorts U+E000–U+FFFF after what is beyond them. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const unitA = a.charCodeAt(i);
    const unitB = b.charCodeAt(i);
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
