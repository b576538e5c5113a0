/** How often to ask for something: quickly while there is news, ever more slowly while there is none. */
export interface Pace {
  isDue(): boolean;
  /** Milliseconds until it is due. */
  wait(): number;
  /** Something was asked; `news` says whether the answer brought any. */
  next(news: boolean): void;
  /** Makes it due at once, and quick again. */
  hurry(): void;
}

/** Waits `first` milliseconds after news, then half as long again each time, up to `last`. Due at once to begin with. */
export function createPace(
  { first, last }: { readonly first: number; readonly last: number },
  now: () => number,
): Pace {
  let interval = first;
  let due = 0;
  return {
    isDue: () => now() >= due,
    wait: () => Math.max(0, due - now()),
    next(news) {
      due = now() + (news ? first : interval);
      interval = news ? first : Math.min(last, interval * 1.5);
    },
    hurry() {
      due = 0;
      interval = first;
    },
  };
}
