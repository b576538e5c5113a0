import type { Job, JobAttempt, JobStatus } from "../../../aws/batch.ts";
import type { LogPlace } from "../../../aws/log-place.ts";
import type { LogLine } from "../../../aws/logs.ts";
import { toJobId } from "../../../runs/ids.ts";
import type { Asked } from "../trouble.ts";
import { type JobEvent, type JobSource, type WatchOptions, watchJob } from "../watch.ts";

/** A state of the job from a time on (milliseconds from the start of the test). */
export interface FakeState {
  readonly at: number;
  readonly status: JobStatus;
  /** Streams of the attempts so far. */
  readonly streams?: readonly string[];
  readonly exitCode?: number;
  /** The attempts that have ended. */
  readonly attempts?: readonly JobAttempt[];
  readonly log?: LogPlace;
}

/** A line that CloudWatch has from a time on. */
export interface FakeLine {
  readonly at: number;
  readonly message: string;
}

export interface FakeJob {
  readonly states: readonly FakeState[];
  /** Lines by stream, in order. A stream that is not here does not exist. */
  readonly logs?: Readonly<Record<string, readonly FakeLine[]>>;
  /** What goes wrong with a request at this time. */
  readonly fault?: (asked: Asked, time: number) => Error | undefined;
  /** How long after it was given out a token is refused. Milliseconds. */
  readonly tokenLife?: number;
  readonly pageSize?: number;
}

export interface Watched {
  readonly events: JobEvent[];
  /** Messages of the log, in order. */
  readonly messages: string[];
  /** Time at which each event came. */
  readonly times: number[];
  /** Requests made, with their times. */
  readonly requests: { readonly asked: Asked; readonly stream?: string; readonly time: number }[];
  /** What ended the watch, if not the job. */
  readonly error: unknown;
}

const START = Date.UTC(2026, 0, 15, 12);
/** Time that each request takes. Milliseconds. */
const LATENCY = 50;
/** Requests and pauses of a watch that will come to an end. */
const MOST_STEPS = 50_000;

/** Watches a job that is made up, in time that is made up too. */
export async function watchFake(
  fake: FakeJob,
  options: Partial<WatchOptions> & {
    /** Called at each pause; may say by how much the wall clock leaps meanwhile. */
    readonly leap?: (time: number) => number;
  } = {},
): Promise<Watched> {
  let time = 0;
  let wall = START;
  let steps = 0;
  const pass = (milliseconds: number) => {
    steps += 1;
    if (steps > MOST_STEPS) throw new Error("the watch goes round and round");
    time += milliseconds;
    wall += milliseconds;
  };
  const requests: Watched["requests"] = [];
  const request = (asked: Asked, stream?: string) => {
    pass(LATENCY);
    requests.push({ asked, time, ...(stream === undefined ? {} : { stream }) });
    const error = fake.fault?.(asked, time);
    if (error) throw error;
  };

  const source: JobSource = {
    async describe() {
      request("status");
      const state = fake.states.findLast(({ at }) => at <= time) ?? fake.states[0];
      if (state === undefined) throw new Error("a fake job needs a state");
      return describeFake(state);
    },
    async readLog(stream, position) {
      request("log", stream);
      const lines = fake.logs?.[stream];
      if (lines === undefined) return undefined;
      const [from = 0, given = 0] = position.token?.split("/").map(Number) ?? [];
      if (position.token !== undefined && time - given > (fake.tokenLife ?? Number.POSITIVE_INFINITY)) {
        throw Object.assign(new Error("The specified nextToken is expired."), {
          name: "InvalidParameterException",
          $metadata: { httpStatusCode: 400 },
        });
      }
      const since = position.token === undefined ? (position.since ?? 0) : 0;
      const start = position.token === undefined ? lines.findIndex(({ at }) => START + at >= since) : from;
      const present = lines.filter(({ at }) => at <= time).slice(start === -1 ? lines.length : start);
      const page = present.slice(0, fake.pageSize ?? 10_000);
      // A token that leads to nothing new comes back as it was.
      const nextToken =
        page.length === 0 && position.token !== undefined
          ? position.token
          : `${(start === -1 ? lines.length : start) + page.length}/${time}`;
      return { lines: page.map(lineOf), nextToken };
    },
  };

  const events: JobEvent[] = [];
  const times: number[] = [];
  let error: unknown;
  try {
    const watch = watchJob(source, {
      signal: new AbortController().signal,
      withLog: true,
      patience: 15 * 60_000,
      credentialsAreFixed: false,
      now: () => wall,
      async sleep(milliseconds, signal) {
        signal.throwIfAborted();
        pass(milliseconds);
        wall += options.leap?.(time) ?? 0;
      },
      ...options,
    });
    for await (const event of watch) {
      events.push(event);
      times.push(time);
    }
  } catch (thrown) {
    error = thrown;
  }
  const messages = events.flatMap((event) =>
    event.kind === "log" ? event.lines.map(({ message }) => message) : [],
  );
  return { events, messages, times, requests, error };
}

function lineOf({ at, message }: FakeLine): LogLine {
  return { timestamp: START + at, message };
}

function describeFake({ status, streams, exitCode, attempts, log }: FakeState): Job {
  return {
    ...(log === undefined ? {} : { log }),
    ...(attempts === undefined ? {} : { attempts }),
    id: toJobId("00000000-0000-4000-8000-000000000001"),
    name: "run",
    status,
    statusReason: undefined,
    startedAt: undefined,
    stoppedAt: undefined,
    exitCode,
    reason: undefined,
    logStreams: streams ?? [],
    maxAttempts: 1,
    environment: new Map(),
  };
}

/** An error as a service answers it. */
export function serviceError(name: string, httpStatusCode = 400): Error {
  return Object.assign(new Error(`${name} said the service`), {
    name,
    $fault: httpStatusCode >= 500 ? "server" : "client",
    $metadata: { httpStatusCode },
  });
}

/** An error as Node reports it from a socket or the resolver. */
export function networkError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

/** A job of one attempt that runs from 2 s on, with these lines. */
export function running(until: number, lines: readonly FakeLine[], more: Partial<FakeJob> = {}): FakeJob {
  return {
    states: [
      { at: 0, status: "RUNNABLE" },
      { at: 2_000, status: "RUNNING", streams: ["one"] },
      { at: until, status: "SUCCEEDED", streams: ["one"], exitCode: 0 },
    ],
    logs: { one: lines },
    ...more,
  };
}

/** A line every so often, and the end of the log. */
export function chatter(from: number, until: number, every: number): FakeLine[] {
  const lines: FakeLine[] = [];
  for (let at = from; at < until; at += every) lines.push({ at, message: `line ${lines.length}` });
  return [...lines, { at: until, message: "+ exit 0" }];
}

export const texts = (lines: readonly FakeLine[]) => lines.map(({ message }) => message);

export const kinds = ({ events }: Watched) => events.map(({ kind }) => kind);

/** All but the log and the states. */
export const others = (watched: Watched) =>
  kinds(watched).filter((kind) => kind !== "log" && kind !== "status");
