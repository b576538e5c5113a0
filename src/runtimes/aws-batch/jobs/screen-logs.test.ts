// Protects that `jobs watch` asks for the logs of what is on the screen, and for no others.
import { expect, test } from "vitest";
import { testContext } from "../../../../test/support/context.ts";
import { numberedRun, recordOf } from "../../../../test/support/records.ts";
import type { Account, Accounts } from "./accounts.ts";
import { type OpenLog, openLog } from "./open-log.ts";
import { readScreenLogs } from "./screen-logs.ts";
import { beginWatched, visible, type Watched } from "./watched.ts";

function runningJob(number: number): Watched {
  const record = recordOf(numberedRun(number), {
    status: "RUNNING",
    endedAt: undefined,
    logStreams: [`stream-${number}`],
  });
  return beginWatched(`id${number}`, { runId: record.runId, jobId: record.jobId, record }, 0);
}

/** Reads the logs until so many have been asked for; returns their streams. */
async function streamsAsked(jobs: readonly Watched[], count: number, log?: OpenLog): Promise<Set<string>> {
  const ending = new AbortController();
  const asked: string[] = [];
  const logs = {
    async send({ input }: { readonly input: { readonly logStreamName: string } }) {
      asked.push(input.logStreamName);
      if (asked.length === count) ending.abort();
      return { events: [{ timestamp: 0, message: "a line" }], nextForwardToken: "next" };
    },
  };
  const account = { aws: { logs } } as unknown as Account;
  const accounts: Accounts = { own: async () => account, of: async () => account, [Symbol.dispose]() {} };
  const screen = { jobs: () => visible(jobs), log: () => log };
  await readScreenLogs(testContext(), accounts, screen, ending.signal);
  return new Set(asked);
}

test("the jobs on the screen, and no others", async () => {
  const jobs = Array.from({ length: 23 }, (_, number) => runningJob(number));
  const shown = visible(jobs);
  expect(shown.length).toBeLessThan(jobs.length);
  expect(await streamsAsked(jobs, 3)).toEqual(new Set(["stream-0", "stream-1", "stream-2"]));
});

test("only the log that is open", async () => {
  const [first, second] = [runningJob(1), runningJob(2)];
  const log = openLog(second);
  expect(await streamsAsked([first, second], 2, log)).toEqual(new Set(["stream-2"]));
  expect(log.lines).toEqual(["a line", "a line"]);
});
