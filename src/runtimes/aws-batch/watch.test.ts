import { describe, expect, test } from "vitest";
import { UserError } from "../../errors.ts";
import {
  type FakeJob,
  type FakeLine,
  networkError,
  serviceError,
  type Watched,
  watchFake,
} from "./testing/fake-job.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A job of one attempt that runs from 2 s on, with these lines. */
function running(until: number, lines: readonly FakeLine[], more: Partial<FakeJob> = {}): FakeJob {
  return {
    states: [
      { at: 0, status: "RUNNABLE" },
      { at: 2 * SECOND, status: "RUNNING", streams: ["one"] },
      { at: until, status: "SUCCEEDED", streams: ["one"], exitCode: 0 },
    ],
    logs: { one: lines },
    ...more,
  };
}

/** A line every so often, and the end of the log. */
function chatter(from: number, until: number, every: number): FakeLine[] {
  const lines: FakeLine[] = [];
  for (let at = from; at < until; at += every) lines.push({ at, message: `line ${lines.length}` });
  return [...lines, { at: until, message: "+ exit 0" }];
}

const texts = (lines: readonly FakeLine[]) => lines.map(({ message }) => message);
const kinds = ({ events }: Watched) => events.map(({ kind }) => kind);
const others = (watched: Watched) => kinds(watched).filter((kind) => kind !== "log" && kind !== "status");

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

describe("trouble", () => {
  const lines = chatter(3 * SECOND, 10 * MINUTE, 2 * SECOND);
  const between = (from: number, until: number, error: Error, only?: "status" | "log") => ({
    fault: (asked: "status" | "log", time: number) =>
      time > from && time < until && (only === undefined || asked === only) ? error : undefined,
  });

  test.each([
    ["throttling", serviceError("ThrottlingException")],
    ["too many requests", serviceError("TooManyRequestsException", 429)],
    ["a fault of the service's", serviceError("InternalServerException", 500)],
    ["an answer without a body", serviceError("503", 503)],
    ["a cut connection", networkError("ECONNRESET")],
    ["a refused connection", networkError("ECONNREFUSED")],
    ["no name resolution", networkError("ENOTFOUND")],
    ["a resolver that is gone", networkError("EAI_AGAIN")],
    ["no network", networkError("ENETUNREACH")],
    ["no answer", Object.assign(new Error("no answer"), { name: "TimeoutError" })],
    ["a hotel's certificate", networkError("SELF_SIGNED_CERT_IN_CHAIN")],
    ["a hotel's login page", Object.assign(new SyntaxError("<"), { $responseBodyText: "<html>" })],
  ])("%s is told once, and when it is over; no line is lost", async (_, error) => {
    const job = running(10 * MINUTE + 500, lines, between(MINUTE, 5 * MINUTE, error));
    const watched = await watchFake(job);
    expect(others(watched)).toEqual(["trouble", "recovered", "ended"]);
    expect(watched.messages).toEqual(texts(lines));
  });

  test("of the log alone is not over while only the states come through", async () => {
    const job = running(
      10 * MINUTE,
      lines,
      between(MINUTE, 5 * MINUTE, serviceError("ThrottlingException"), "log"),
    );
    const watched = await watchFake(job);
    expect(others(watched)).toEqual(["trouble", "recovered", "ended"]);
    const recovered = watched.times[kinds(watched).indexOf("recovered")];
    expect(recovered).toBeGreaterThan(5 * MINUTE);
    expect(watched.messages).toEqual(texts(lines));
  });

  test("that lasts ends the watch, when the patience set is over", async () => {
    const job = running(HOUR, [], between(MINUTE, HOUR, networkError("ENOTFOUND")));
    const watched = await watchFake(job, { patience: 5 * MINUTE });
    expect(watched.error).toBeInstanceOf(UserError);
    expect(String(watched.error)).toContain("could not be reached for 5 minutes: connect ENOTFOUND");
    const end = watched.requests.at(-1)?.time ?? 0;
    expect(end).toBeGreaterThan(6 * MINUTE);
    expect(end).toBeLessThan(6.5 * MINUTE);
  });

  test("of the log alone never ends the watch of a job that runs, and gives the log up after its end", async () => {
    const job = running(HOUR, lines, between(MINUTE, 3 * HOUR, networkError("ECONNRESET"), "log"));
    const watched = await watchFake(job);
    expect(watched.error).toBeUndefined();
    expect(others(watched)).toEqual(["trouble", "no-log", "ended"]);
    expect(watched.times.at(-1)).toBeLessThan(HOUR + MINUTE);
  });

  test("a computer that sleeps for hours in the middle of it does not wear patience out", async () => {
    let slept = false;
    const leap = (time: number) => {
      if (slept || time < 2 * MINUTE) return 0;
      slept = true;
      return 8 * HOUR;
    };
    const job = running(10 * MINUTE + 500, lines, between(MINUTE, 3 * MINUTE, networkError("ENOTFOUND")));
    const watched = await watchFake(job, { leap });
    expect(others(watched)).toEqual(["trouble", "recovered", "ended"]);
    expect(watched.messages).toEqual(texts(lines));
  });

  test("a clock that is set back does not stop the watch", async () => {
    let set = false;
    const leap = (time: number) => {
      if (set || time < MINUTE) return 0;
      set = true;
      return -5 * HOUR;
    };
    const watched = await watchFake(running(10 * MINUTE + 500, lines), { leap });
    expect(watched.messages).toEqual(texts(lines));
    expect(watched.times.at(-1)).toBeLessThan(11 * MINUTE);
  });

  test("a token that is refused is done without: no line twice, none lost", async () => {
    const together = lines.flatMap((line) => [line, { ...line, message: `${line.message}, same time` }]);
    const all = [...together, { at: 10 * MINUTE, message: "+ exit 0" }];
    const job = running(10 * MINUTE + 500, all, { tokenLife: 4 * SECOND, pageSize: 3 });
    const watched = await watchFake(job);
    expect(watched.messages).toEqual(texts(all));
  });

  test("anything else ends the watch at once", async () => {
    const job = running(HOUR, [], between(MINUTE, HOUR, serviceError("ClientException"), "status"));
    const watched = await watchFake(job);
    expect(watched.error).toBeInstanceOf(UserError);
    expect(watched.requests.at(-1)?.time).toBeLessThan(1.3 * MINUTE);
  });

  test("a bug is not taken for trouble", async () => {
    const bug = new TypeError("undefined is not a function");
    expect((await watchFake(running(HOUR, [], between(MINUTE, HOUR, bug)))).error).toBe(bug);
  });
});

describe("credentials and permissions", () => {
  const lines = chatter(3 * SECOND, 10 * MINUTE, 2 * SECOND);

  /** Refused from the first minute on, until they were renewed after the fifth. */
  const expiring = (name: string): FakeJob =>
    running(10 * MINUTE + 500, lines, {
      fault: (_, time) => (time > MINUTE && time < 5 * MINUTE ? serviceError(name, 403) : undefined),
    });

  test.each(["ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId"])(
    "%s: says so once, and goes on once there are new credentials",
    async (name) => {
      const watched = await watchFake(expiring(name));
      expect(others(watched)).toEqual(["locked-out", "recovered", "ended"]);
      expect(watched.messages).toEqual(texts(lines));
    },
  );

  test("credentials that nobody can renew for this program end the watch at once", async () => {
    const watched = await watchFake(expiring("ExpiredTokenException"), { credentialsAreFixed: true });
    expect(watched.error).toBeInstanceOf(UserError);
    expect(watched.error).toHaveProperty("hint", expect.stringContaining("environment variables"));
  });

  test("credentials that are not renewed end the watch when patience is over", async () => {
    const watched = await watchFake(
      running(HOUR, [], {
        fault: (_, time) => (time > MINUTE ? serviceError("ExpiredToken", 403) : undefined),
      }),
    );
    expect(String(watched.error)).toContain("have not been accepted for 15 minutes");
  });

  test("a log that may not be read is told of once; the states go on", async () => {
    const watched = await watchFake(
      running(10 * MINUTE, lines, {
        fault: (asked) => (asked === "log" ? serviceError("AccessDeniedException", 400) : undefined),
      }),
    );
    expect(others(watched)).toEqual(["no-log", "ended"]);
    expect(watched.requests.filter(({ asked }) => asked === "log")).toHaveLength(1);
  });

  test("a job that may not be looked at ends the watch", async () => {
    const watched = await watchFake(
      running(HOUR, [], {
        fault: (asked, time) =>
          asked === "status" && time > MINUTE ? serviceError("AccessDeniedException", 403) : undefined,
      }),
    );
    expect(String(watched.error)).toContain("does not allow you to watch the job");
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
