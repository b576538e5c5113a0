// Protects the log on the screen of `jobs watch`: its last lines, those further up on request, and nothing that it could do to a terminal.
import { expect, test } from "vitest";
import { numberedRun, recordOf } from "../../../../test/support/records.ts";
import type { Account, Accounts } from "./accounts.ts";
import { logText, openLog, readOpenLog, scroll } from "./open-log.ts";
import { beginWatched } from "./watched.ts";

const now = Date.UTC(2026, 10, 30);

function logOf(logStreams: readonly string[]) {
  const record = recordOf(numberedRun(1), { status: "RUNNING", startedAt: now - 60_000, logStreams });
  return openLog(beginWatched("aaaa", { runId: record.runId, jobId: record.jobId, record }, now));
}

async function read(log: ReturnType<typeof openLog>, messages: readonly string[] | Error) {
  const logs = {
    send: async () => {
      if (messages instanceof Error) throw messages;
      return { events: messages.map((message) => ({ timestamp: 0, message })), nextForwardToken: "t" };
    },
  };
  const account = { aws: { logs } } as unknown as Account;
  const accounts: Accounts = { own: async () => account, of: async () => account, [Symbol.dispose]() {} };
  await readOpenLog(accounts, log, { now, signal: new AbortController().signal });
}

const shown = (log: ReturnType<typeof openLog>) => logText(log, { now, rows: 5 }).split("\n");

test("follows the end, and stays where somebody has scrolled to", async () => {
  const log = logOf(["s"]);
  expect(shown(log)[1]).toBe("Reading the log");
  await read(log, ["1", "2", "3", "4", "5"]);
  expect(shown(log)).toEqual([
    ...["Log of aaaa  RUNNING for 1m 00s", "3", "4", "5"],
    "Keys: up and down scroll, Esc goes back to the jobs",
  ]);
  scroll(log, 1, 5);
  await read(log, ["6"]);
  expect(shown(log).slice(1, 4)).toEqual(["2", "3", "4"]);
  expect(shown(log).at(-1)).toMatch(/\(2 more lines below\)$/);
  scroll(log, Number.POSITIVE_INFINITY, 5);
  expect(shown(log).slice(1, 4)).toEqual(["1", "2", "3"]);
  scroll(log, Number.NEGATIVE_INFINITY, 5);
  expect(shown(log).slice(1, 4)).toEqual(["4", "5", "6"]);
});

test("lines do nothing to the terminal", async () => {
  const log = logOf(["s"]);
  await read(log, ["10%\r20%\n", "\x1b[2J\x1b[31mred\tend"]);
  expect(shown(log).slice(1, 3)).toEqual(["20%", "red    end"]);
});

test("what can't be read is said in its place", async () => {
  const none = logOf([]);
  await read(none, []);
  expect(shown(none)[1]).toBe("No log yet: the job is RUNNING.");
  const gone = logOf(["s"]);
  await read(gone, Object.assign(new Error("gone"), { name: "ResourceNotFoundException" }));
  expect(shown(gone)[1]).toBe("CloudWatch Logs has no stream s.");
  const failed = logOf(["s"]);
  await read(failed, ["a"]);
  await read(failed, Object.assign(new Error("busy"), { name: "ThrottlingException" }));
  expect(shown(failed).slice(1, 3)).toEqual([
    "a",
    expect.stringMatching(/^The log could not be read: .*\.$/),
  ]);
});
