import { expect, test, vi } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import { takeInterrupts } from "./interrupts.ts";

test("at a terminal, two Control-Cs within ten seconds cancel, and one more leaves", () => {
  const context = testContext({ inIsTerminal: true });
  const cancel = vi.fn(async () => {});
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

test("a job that could not be cancelled is not taken for cancelled, and Control-C tries again", async () => {
  const context = testContext();
  const cancel = vi.fn().mockRejectedValueOnce(new Error("Could not cancel.")).mockResolvedValue(undefined);
  using interrupts = takeInterrupts(context, { detachOnInterrupt: false, cancel });
  context.send("SIGINT");
  await vi.waitFor(() => expect(interrupts.cancelled()).toBe(false));
  expect(context.output.err).toContain("Could not cancel. The job goes on; Control-C tries again.");
  context.send("SIGINT");
  expect(cancel).toHaveBeenCalledTimes(2);
  expect(interrupts.cancelled()).toBe(true);
  expect(interrupts.departure()).toBeUndefined();
});

test("two Control-Cs far apart don't cancel", () => {
  const context = testContext({ inIsTerminal: true });
  const cancel = vi.fn(async () => {});
  using _ = takeInterrupts(context, { detachOnInterrupt: false, cancel });
  context.send("SIGINT");
  context.advance(10_001);
  context.send("SIGINT");
  expect(cancel).not.toHaveBeenCalled();
});

test("where standard input is no terminal, one SIGINT cancels", () => {
  const context = testContext();
  const cancel = vi.fn(async () => {});
  using _ = takeInterrupts(context, { detachOnInterrupt: false, cancel });
  context.send("SIGINT");
  expect(cancel).toHaveBeenCalledOnce();
});

test.each(["SIGTSTP", "SIGHUP"] as const)("%s detaches", (signal) => {
  const context = testContext();
  using interrupts = takeInterrupts(context, { detachOnInterrupt: false, cancel: vi.fn(async () => {}) });
  context.send(signal);
  expect(interrupts.departure()).toEqual({ kind: "detach" });
  expect(interrupts.signal.aborted).toBe(true);
});

test("--detach-on-interrupt makes Control-C detach", () => {
  const context = testContext({ inIsTerminal: true });
  const cancel = vi.fn(async () => {});
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
  takeInterrupts(context, { detachOnInterrupt: false, cancel: vi.fn(async () => {}) })[Symbol.dispose]();
  context.send("SIGINT");
  expect(before).toHaveBeenCalledOnce();
});
