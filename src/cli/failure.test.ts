import { expect, test } from "vitest";
import { CancelledError, UserError } from "../errors.ts";
import { describeFailure } from "./failure.ts";

const { signal } = new AbortController();
const errno = (code: string) => Object.assign(new Error(`${code}: words of the system`), { code });

test("what Node throws when the program is to end early is told as its end", () => {
  const ending = new AbortController();
  const abortError = new DOMException("This operation was aborted", "AbortError");
  expect(describeFailure(abortError, false, ending.signal).lines[0]).toMatch(/This is a bug/);
  ending.abort(new CancelledError("Cancelled.", 143));
  expect(describeFailure(abortError, false, ending.signal)).toEqual({
    lines: ["Cancelled."],
    exitStatus: 143,
  });
});

test.each([
  ["EMFILE", /may not open as many files/, /ulimit -n/],
  ["ENOSPC", /disk is full/, /Make room/],
  ["EROFS", /read-only/, /NEXTSTRAIN_HOME/],
])("what the system ran out of is no bug, wherever it shows: %s", (code, says, next) => {
  for (const error of [errno(code), new Error("elsewhere", { cause: errno(code) })]) {
    const { lines, exitStatus } = describeFailure(error, false, signal);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(says);
    expect(lines[1]).toMatch(next);
    expect(exitStatus).toBe(1);
  }
  const told = new UserError("told already", { cause: errno(code) });
  expect(describeFailure(told, false, signal).lines).toEqual(["Error: told already"]);
});

test("anything else is a bug, with its stack", () => {
  const { lines } = describeFailure(errno("EINVAL"), false, signal);
  expect(lines[0]).toMatch(/This is a bug/);
  expect(lines[1]).toMatch(/at /);
});
