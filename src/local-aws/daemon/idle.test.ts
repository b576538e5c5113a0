import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchIdle } from "./idle.ts";

const minute = 60_000;
let busy: boolean;
let lastRequestAt: number;
let left: boolean;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  busy = false;
  lastRequestAt = 0;
  left = false;
});

afterEach(() => {
  vi.useRealTimers();
});

const watch = (idleMs: number) =>
  watchIdle({
    idleMs,
    now: Date.now,
    isBusy: () => busy,
    lastRequestAt: () => lastRequestAt,
    leave() {
      left = true;
    },
  });

test("it leaves once there was nothing to do for the whole time", () => {
  using _ = watch(30 * minute);
  vi.advanceTimersByTime(30 * minute - 1);
  expect(left).toBe(false);
  vi.advanceTimersByTime(1);
  expect(left).toBe(true);
});

test("a request puts it off", () => {
  using _ = watch(30 * minute);
  vi.advanceTimersByTime(20 * minute);
  lastRequestAt = Date.now();
  vi.advanceTimersByTime(29 * minute);
  expect(left).toBe(false);
  vi.advanceTimersByTime(minute);
  expect(left).toBe(true);
});

test("it stays while a job lives, and for the time after it", () => {
  busy = true;
  using _ = watch(30 * minute);
  vi.advanceTimersByTime(5 * 60 * minute);
  busy = false;
  vi.advanceTimersByTime(29 * minute);
  expect(left).toBe(false);
  vi.advanceTimersByTime(minute);
  expect(left).toBe(true);
});

test("without a limit it never leaves", () => {
  using _ = watch(Number.POSITIVE_INFINITY);
  vi.advanceTimersByTime(1e9);
  expect(left).toBe(false);
});
