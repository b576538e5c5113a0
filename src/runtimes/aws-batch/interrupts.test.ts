import { expect, test, vi } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import { takeInterrupts } from "./interrupts.ts";

test("at a terminal, two Control-Cs within ten seconds cancel, and one more leaves", () => {
  const context = testContext({ inIsTerminal: true });
  const cancel = vi.fn();
  using interrupts = takeInterrupts(context, { detachOnInterrupt: false, cancel });
  context.send("SIGINT");
  expect(cancel).not.toHaveBeenCalled();
  context.advance(9_000);
  context.send("SIGINT");
  expect(cancel).toHaveBeenCalledOnce();
  expect(interrupts.cancelled()).toBe(true);
  expect(interrupts.departure()).toBeUndefined();
  context.send("SIGINT");
  expect(interrupts.departure()).toEqual({ kind: "leave", exitStatus: 130 });
  expect(cancel).toHaveBeenCalledOnce();
});

test("two Control-Cs far apart don't cancel", () => {
  const context = testContext({ inIsTerminal: true });
  const cancel = vi.fn();
  using _ = takeInterrupts(context, { detachOnInterrupt: false, cancel });
  context.send("SIGINT");
  context.advance(10_001);
  context.send("SIGINT");
  expect(cancel).not.toHaveBeenCalled();
});

test("where standard input is no terminal, one SIGINT cancels", () => {
  const context = testContext();
  const cancel = vi.fn();
  using _ = takeInterrupts(context, { detachOnInterrupt: false, cancel });
  context.send("SIGINT");
  expect(cancel).toHaveBeenCalledOnce();
});

test.each(["SIGTSTP", "SIGHUP"] as const)("%s detaches", (signal) => {
  const context = testContext();
  using interrupts = takeInterrupts(context, { detachOnInterrupt: false, cancel: vi.fn() });
  context.send(signal);
  expect(interrupts.departure()).toEqual({ kind: "detach" });
  expect(interrupts.signal.aborted).toBe(true);
});

test("--detach-on-interrupt makes Control-C detach", () => {
  const context = testContext({ inIsTerminal: true });
  const cancel = vi.fn();
  using interrupts = takeInterrupts(context, { detachOnInterrupt: true, cancel });
  context.send("SIGINT");
  expect(interrupts.departure()).toEqual({ kind: "detach" });
  expect(cancel).not.toHaveBeenCalled();
});

test("once the job has ended there is nothing to cancel: Control-C leaves", () => {
  const context = testContext({ inIsTerminal: true });
  using interrupts = takeInterrupts(context, { detachOnInterrupt: false, cancel: undefined });
  context.send("SIGINT");
  expect(interrupts.departure()).toEqual({ kind: "leave", exitStatus: 130 });
});

test("afterwards the signals are left to whoever had them before", () => {
  const context = testContext();
  const before = vi.fn();
  context.signals.handle({ SIGINT: before });
  takeInterrupts(context, { detachOnInterrupt: false, cancel: vi.fn() })[Symbol.dispose]();
  context.send("SIGINT");
  expect(before).toHaveBeenCalledOnce();
});
