import { expect, test } from "vitest";
import { testContext } from "../../test/support/context.ts";
import { runShellCommand } from "./shell-command.ts";

const { PATH } = process.env;

function run(command: string, limit?: number, signal?: AbortSignal) {
  const context = testContext({ env: { PATH, NAME: "value" }, ...(signal && { signal }) });
  const options = { input: "the input\n", ...(limit === undefined ? {} : { limit }) };
  return { context, problem: runShellCommand(context, command, options) };
}

test("a shell's command reads the input; what it writes is shown on standard error", async () => {
  const { context, problem } = run('cat; echo "$NAME" >&2; printf "\\033[2Jred"');
  expect(await problem).toBeUndefined();
  expect(context.output.out).toEqual([]);
  expect(context.output.err.toSorted()).toEqual(["red", "the input", "value"]);
});

test.each([
  ["exit 3", "failed (exit status 3)"],
  ["kill -9 $$", "was ended by SIGKILL"],
  ["nextstrain-has-no-such-program 2>/dev/null", "failed (exit status 127)"],
])("of %s it is said that it %s", async (command, problem) => {
  expect(await run(command).problem).toBe(problem);
});

test("a command that reads nothing, and what it leaves running, keep nobody", async () => {
  expect(await run("exec <&-; sleep 300 & exit 0").problem).toBeUndefined();
});

test("one that doesn't end is killed with all that it has started", async () => {
  expect(await run("sleep 300; true", 200).problem).toBe("did not end within 0.2 seconds");
  const ending = new AbortController();
  const { problem } = run("sleep 300; true", undefined, ending.signal);
  ending.abort();
  expect(await problem).toBe("was interrupted");
});
