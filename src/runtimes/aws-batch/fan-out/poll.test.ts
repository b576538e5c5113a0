import { expect, test } from "vitest";
import type { Job, JobStatus } from "../../../aws/batch.ts";
import { toJobId } from "../../../runs/ids.ts";
import type { JobId } from "../../../runs/types.ts";
import { childId } from "./members.ts";
import { type FanOutEvent, pollFanOut } from "./poll.ts";

const PARENT = toJobId("parent");

function jobOf(id: JobId, status: JobStatus, counts: Partial<Record<JobStatus, number>> = {}): Job {
  return {
    ...{ id, name: "", status, statusReason: undefined, startedAt: undefined, stoppedAt: undefined },
    ...{ exitCode: undefined, reason: undefined, logStreams: [], maxAttempts: 1, environment: new Map() },
    array: id === PARENT ? { size: 2, counts } : undefined,
  };
}

interface Look {
  readonly parent: JobStatus;
  readonly children: JobStatus;
  /** Of the children, only so many are known. */
  readonly known?: number;
}

/** Looks at so many children, with an answer for each round of looks; the last one's goes on for ever. */
async function poll(size: number, looks: readonly Look[]) {
  let time = 0;
  let round = -1;
  const requests: number[] = [];
  const events: FanOutEvent[] = [];
  const ids = Array.from({ length: size }, (_, index) => childId(PARENT, index));
  for await (const event of pollFanOut(PARENT, ids, {
    async describe(asked) {
      if (asked.includes(PARENT)) round += 1;
      requests.push(time);
      expect(asked.length).toBeLessThanOrEqual(100);
      const { parent, children, known = size } = looks[Math.min(round, looks.length - 1)] as Look;
      const there = asked.filter((id) => id === PARENT || ids.indexOf(id) < known);
      return new Map(
        there.map((id) => [id, jobOf(id, id === PARENT ? parent : children, { [children]: size })]),
      );
    },
    signal: new AbortController().signal,
    ...{ patience: 60_000, credentialsAreFixed: false, now: () => time },
    async sleep(milliseconds) {
      time += milliseconds;
    },
  })) {
    events.push(event);
  }
  return { requests, events, time };
}

test("tells of each child once in each state, and ends with the last of them", async () => {
  const { events } = await poll(2, [
    { parent: "PENDING", children: "PENDING", known: 0 },
    { parent: "PENDING", children: "RUNNING" },
    { parent: "PENDING", children: "RUNNING" },
    { parent: "SUCCEEDED", children: "RUNNING" },
    { parent: "SUCCEEDED", children: "SUCCEEDED" },
  ]);
  expect(
    events.map((event) => ("job" in event ? `${event.job.id} ${event.job.status}` : event.kind)),
  ).toEqual([
    "parent PENDING",
    "parent PENDING",
    "parent:0 RUNNING",
    "parent:1 RUNNING",
    "parent SUCCEEDED",
    "parent SUCCEEDED",
    "parent:0 SUCCEEDED",
    "parent:1 SUCCEEDED",
  ]);
});

test("children that an array ended without never were", async () => {
  const { events } = await poll(3, [{ parent: "FAILED", children: "FAILED", known: 1 }]);
  expect(events.filter(({ kind }) => kind === "never")).toEqual([
    { kind: "never", index: 1 },
    { kind: "never", index: 2 },
  ]);
});

test("looks at 1,000 children by no more than 20 requests in 10 seconds, and at counts that stay by one", async () => {
  const running: Look = { parent: "PENDING", children: "RUNNING" };
  const states: JobStatus[] = ["PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"];
  const busy = states.map((children): Look => ({ parent: "PENDING", children }));
  const { requests } = await poll(1_000, [
    ...busy.slice(0, 4),
    ...Array.from({ length: 5 }, () => running),
    { parent: "SUCCEEDED", children: "SUCCEEDED" },
  ]);
  const most = Math.max(
    ...requests.map((from) => requests.filter((at) => at >= from && at < from + 10_000).length),
  );
  expect(most).toBeLessThanOrEqual(20);
  expect(requests).toHaveLength(4 * 11 + 5 + 11);
});
