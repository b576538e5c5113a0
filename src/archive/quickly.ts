/** Milliseconds above which an answer of the file system is slow. */
const SLOW = 1;
/** So many slow answers one after another are not by chance. */
const TIMES_SLOW = 3;
/** Requests that go to other threads before this one is tried again. */
const AFTER_SLOW = 64;

/** Does one thing either at once, on this thread, or elsewhere. Throws what it throws. */
export type Quickly = <Result>(
  here: () => Result,
  elsewhere: () => Promise<Result>,
) => Result | Promise<Result>;

/**
 * Asks the file system on this thread as long as it answers at once, as it does of what is in memory: the way to another thread and back
 * takes several times as long. While it is slow (a network, a disk that has to seek), the same is done elsewhere, where
 * several requests can be under way.
 */
export function createQuickly(now: () => number = () => performance.now()): Quickly {
  let left = 0;
  let slow = 0;
  return (here, elsewhere) => {
    if (left > 0) {
      left--;
      return elsewhere();
    }
    const began = now();
    try {
      return here();
    } finally {
      slow = now() - began > SLOW ? slow + 1 : 0;
      if (slow >= TIMES_SLOW) left = AFTER_SLOW;
    }
  };
}
