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

export interface PaceOptions {
  /** Milliseconds to wait after news. */
  readonly first: number;
  /** Milliseconds to wait at most. */
  readonly last: number;
  /** How many times as long to wait after each answer without news. */
  readonly growth: number;
}

/** Waits `first` milliseconds after news, then longer each time, up to `last`. Due at once to begin with. */
export function createPace({ first, last, growth }: PaceOptions, now: () => number): Pace {
  let interval = first;
  let due = Number.NEGATIVE_INFINITY;
  return {
    isDue: () => now() >= due,
    // Timers count whole milliseconds.
    wait: () => Math.max(0, Math.ceil(due - now())),
    next(news) {
      due = now() + (news ? first : interval);
      interval = news ? first : Math.min(last, interval * growth);
    },
    hurry() {
      due = Number.NEGATIVE_INFINITY;
      interval = first;
    },
  };
}
