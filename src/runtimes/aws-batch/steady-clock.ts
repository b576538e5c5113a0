/** No step of a watch takes longer by itself: a request is given up after a minute, a pause is of seconds. Milliseconds. */
const LONGEST_STEP = 90_000;

/**
 * A clock that only measures time spent awake, in milliseconds from an arbitrary start. Where the wall clock leaps ahead
 * (the computer slept, or the time was set), it goes on by {@link LONGEST_STEP} at most; where that is set back, it
 * stands. Made for being looked at after every request and every pause.
 */
export function steadyClock(now: () => number): () => number {
  let last = now();
  let elapsed = 0;
  return () => {
    const time = now();
    elapsed += Math.min(Math.max(0, time - last), LONGEST_STEP);
    last = time;
    return elapsed;
  };
}
