import { describe, expect, test } from "vitest";
import { chatter, type FakeJob, kinds, others, running, texts, watchFake } from "./testing/fake-job.ts";
import type { JobEvent } from "./watch.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe("a job's course", () => {
  test("each state once, each line once and in order, then the end", async () => {
    const lines = chatter(3 * SECOND, MINUTE, 700);
    const watched = await watchFake(running(MINUTE + 500, lines));
    expect(watched.messages).toEqual(texts(lines));
    const states = watched.events.flatMap((event) => (event.kind === "status" ? [event.job.status] : []));
    expect(states).toEqual(["RUNNABLE", "RUNNING", "SUCCEEDED"]);
    expect(others(watched)).toEqual(["ended"]);
  });

  test("a log that shows its own end needs no waiting", async () => {
    const watched = await watchFake(running(MINUTE + 500, chatter(3 * SECOND, MINUTE, SECOND)));
    expect(watched.times.at(-1)).toBeLessThan(MINUTE + 3 * SECOND);
  });

  test("lines that come late, and one by one, are waited for until the log is dry", async () => {
    const late = [3, 9, 17, 26].map((seconds) => ({
      at: MINUTE + seconds * SECOND,
      message: `${seconds} s after the end`,
    }));
    const lines = [{ at: 3 * SECOND, message: "first" }, ...late];
    const watched = await watchFake(running(MINUTE, lines));
    expect(watched.messages).toEqual(texts(lines));
    expect(watched.times.at(-1)).toBeLessThan(MINUTE + 26 * SECOND + 12 * SECOND);
  });

  test("an exit that a program in the job traces is not taken for the end of the log", async () => {
    const lines = [
      { at: 10 * SECOND, message: "+ exit 0" },
      { at: 40 * SECOND, message: "more" },
      { at: MINUTE - 200, message: "+ exit 3" },
      { at: MINUTE + 4 * SECOND, message: "the rest" },
      { at: MINUTE + 4 * SECOND, message: "+ exit 0" },
    ];
    const watched = await watchFake(running(MINUTE, lines));
    expect(watched.messages).toEqual(texts(lines));
  });

  test("a job whose stream never comes to be still ends, and says that there is no log", async () => {
    const watched = await watchFake(running(MINUTE, [], { logs: {} }));
    expect(watched.messages).toEqual([]);
    expect(others(watched)).toEqual(["no-log", "ended"]);
  });

  test("a container that never started has no log, and nobody misses it", async () => {
    const watched = await watchFake({
      states: [
        { at: 0, status: "STARTING", streams: ["one"] },
        { at: MINUTE, status: "FAILED", streams: ["one"] },
      ],
      logs: {},
    });
    expect(others(watched)).toEqual(["ended"]);
  });

  test("a log that goes elsewhere is told of, and not asked for", async () => {
    const job = running(MINUTE, chatter(3 * SECOND, MINUTE, SECOND));
    const log = { kind: "elsewhere", where: "the log driver splunk" } as const;
    const watched = await watchFake({ ...job, states: job.states.map((state) => ({ ...state, log })) });
    expect(others(watched)).toEqual(["no-log", "ended"]);
    expect(watched.requests.every(({ asked }) => asked === "status")).toBe(true);
  });

  test("without the log, only states are asked for", async () => {
    const watched = await watchFake(running(MINUTE, chatter(3 * SECOND, MINUTE, SECOND)), { withLog: false });
    expect(watched.messages).toEqual([]);
    expect(watched.requests.every(({ asked }) => asked === "status")).toBe(true);
    expect(kinds(watched).at(-1)).toBe("ended");
  });

  test("ends with the signal's reason", async () => {
    const ending = new AbortController();
    const reason = new Error("enough");
    const job = running(HOUR, [], {
      fault: (_, time) => {
        if (time > MINUTE) ending.abort(reason);
        return undefined;
      },
    });
    expect((await watchFake(job, { signal: ending.signal })).error).toBe(reason);
  });
});

describe("several attempts", () => {
  /** The first is reclaimed after a minute, its last lines come when the second has long begun. */
  const job: FakeJob = {
    states: [
      { at: 0, status: "RUNNING", streams: ["one"] },
      { at: MINUTE, status: "RUNNABLE", streams: ["one"] },
      { at: MINUTE + 3 * SECOND, status: "RUNNING", streams: ["one", "two"] },
      { at: 10 * MINUTE, status: "SUCCEEDED", streams: ["one", "two"], exitCode: 0 },
    ],
    logs: {
      one: [
        { at: SECOND, message: "one begins" },
        { at: MINUTE + 8 * SECOND, message: "one, late" },
        { at: MINUTE + 12 * SECOND, message: "one, later" },
      ],
      two: [
        { at: MINUTE + 4 * SECOND, message: "two begins" },
        { at: 10 * MINUTE - SECOND, message: "+ exit 0" },
      ],
    },
  };

  test("an attempt's lines come after the last of the attempt before", async () => {
    const watched = await watchFake(job);
    expect(watched.messages).toEqual(["one begins", "one, late", "one, later", "two begins", "+ exit 0"]);
  });

  test("an attempt is told of before its log, with how the one before ended", async () => {
    const reclaimed = {
      exitCode: undefined,
      reason: undefined,
      statusReason: "Host EC2 (instance i-1) terminated.",
      logStream: "one",
    };
    const states = job.states.map((state, index) =>
      index === 0 ? state : { ...state, attempts: [reclaimed] },
    );
    const { events } = await watchFake({ ...job, states });
    const told = events.flatMap((event): readonly (string | JobEvent)[] => {
      if (event.kind === "log") return event.lines.map(({ message }) => message);
      return event.kind === "attempt" ? [event] : [];
    });
    const attempt = { kind: "attempt", number: 2, of: 2, after: reclaimed };
    expect(told).toEqual(["one begins", "one, late", "one, later", attempt, "two begins", "+ exit 0"]);
    const without = await watchFake({ ...job, states }, { withLog: false });
    expect(others(without)).toEqual(["attempt", "ended"]);
  });

  test("an attempt that was read costs no more requests", async () => {
    const { requests } = await watchFake(job);
    const ofOne = requests.filter(({ stream }) => stream === "one");
    expect(ofOne.at(-1)?.time).toBeLessThan(MINUTE + 25 * SECOND);
  });

  test("attaching to a job of many attempts waits for late lines once, not for each", async () => {
    const streams = Array.from({ length: 10 }, (_, index) => `stream ${index}`);
    const logs = Object.fromEntries(streams.map((name) => [name, [{ at: -HOUR, message: name }]]));
    const watched = await watchFake({ states: [{ at: 0, status: "FAILED", streams, exitCode: 137 }], logs });
    expect(watched.messages).toEqual(streams);
    expect(watched.times.at(-1)).toBeLessThan(25 * SECOND);
  });
});

describe("what it costs", () => {
  test("an hour of an idle job is at most 1,500 requests", async () => {
    const { requests } = await watchFake(running(HOUR, [{ at: 3 * SECOND, message: "begun" }]));
    const within = requests.filter(({ time }) => time <= HOUR);
    expect(within.length).toBeLessThanOrEqual(1_500);
    expect(within.length).toBeGreaterThan(700);
  });

  test("an hour of waiting in the queue takes no looks at a log", async () => {
    const { requests } = await watchFake({
      states: [
        { at: 0, status: "RUNNABLE" },
        { at: HOUR, status: "FAILED" },
      ],
    });
    expect(requests.length).toBeLessThan(400);
    expect(requests.every(({ asked }) => asked === "status")).toBe(true);
  });

  test.each([200, SECOND, 3 * SECOND, 5 * SECOND, 10 * SECOND])(
    "with a line every %i ms, one is out within 1.5 s (median)",
    async (every) => {
      const lines = chatter(3 * SECOND, 10 * MINUTE, every);
      const { events, times } = await watchFake(running(10 * MINUTE + SECOND, lines));
      const out = events.flatMap((event, index) =>
        event.kind === "log" ? event.lines.map(() => times[index] ?? 0) : [],
      );
      expect(out).toHaveLength(lines.length);
      const delays = out.map((time, index) => time - (lines[index]?.at ?? 0)).toSorted((a, b) => a - b);
      expect(delays[Math.floor(delays.length / 2)]).toBeLessThanOrEqual(1_500);
    },
  );

  test("with lines all the time, the log is asked for at most four times a second", async () => {
    const { requests } = await watchFake(running(10 * MINUTE, chatter(3 * SECOND, 10 * MINUTE, 100)));
    expect(requests.length).toBeLessThan(4 * 600);
  });

  test("a burst of 100,000 lines is read page after page without a pause", async () => {
    const burst = Array.from({ length: 100_000 }, (_, index) => ({
      at: 10 * SECOND,
      message: `line ${index}`,
    }));
    const lines = [...burst, { at: MINUTE, message: "+ exit 0" }];
    const { messages, events, times } = await watchFake(running(MINUTE + 500, lines));
    expect(messages).toEqual(texts(lines));
    const last = events.findIndex(
      (event) => event.kind === "log" && event.lines.at(-1)?.message === "line 99999",
    );
    expect(times[last]).toBeLessThan(17 * SECOND);
  });
});
