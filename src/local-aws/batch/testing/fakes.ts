import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Service } from "../../http.ts";
import { AwsError } from "../../http.ts";
import type { Attempt, ContainerEnd, Executor } from "../executor/executor.ts";
import { type BatchOptions, type BatchService, openBatch } from "../index.ts";
import type { LogEvent, LogSink } from "../log-sink.ts";

/** A directory that is removed with everything in it. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "batch-test-"));
  // What a service tries out by itself as it starts may still be at it: sandboxes make directories here.
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  return { path, [Symbol.asyncDispose]: remove };
}

/** Calls an operation through the service, as a client would: throws an AwsError where it answers one. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into responses of every shape.
export async function call(service: Service, operation: string, input: object = {}): Promise<any> {
  const response = await service.handle({
    method: "POST",
    path: `/v1/${operation.toLowerCase()}`,
    query: new URLSearchParams(),
    headers: {},
    body: Readable.from([Buffer.from(JSON.stringify(input))]),
    principal: { kind: "user", accessKeyId: "AKIATEST", arn: "arn:aws:iam::123456789012:user/test" },
    trailers: new Map(),
    requestId: "request-1",
  });
  return JSON.parse(String(response.body));
}

/** The message of the error that an operation answers. */
export async function refusal(service: Service, operation: string, input: object): Promise<string> {
  try {
    await call(service, operation, input);
  } catch (error) {
    if (error instanceof AwsError) return `${error.status} ${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
}

/** Logs in memory. */
export function memoryLogs(): LogSink & { readonly streams: Map<string, LogEvent[]> } {
  const streams = new Map<string, LogEvent[]>();
  return {
    streams,
    createStream: async (group, stream) => void streams.set(`${group} ${stream}`, []),
    append: async (group, stream, events) => void streams.get(`${group} ${stream}`)?.push(...events),
  };
}

/** One container that a test decides the end of. */
export interface FakeContainer {
  readonly attempt: Attempt;
  stopped: boolean;
  end(end: ContainerEnd): void;
}

/** Runs nothing: containers end when the test says so; killed ones at once, with 137. */
export function fakeExecutor(): Executor & {
  readonly containers: FakeContainer[];
  readonly cleaned: string[];
} {
  const containers: FakeContainer[] = [];
  const cleaned: string[] = [];
  return {
    containers,
    cleaned,
    run(attempt) {
      let end: (end: ContainerEnd) => void = () => undefined;
      const ended = new Promise<ContainerEnd>((resolve) => {
        end = resolve;
      });
      const container: FakeContainer = { attempt, stopped: false, end };
      containers.push(container);
      return {
        started: Promise.resolve({ pid: 4_000_000 + containers.length, startTime: "test" }),
        ended,
        stop: () => {
          container.stopped = true;
        },
        kill: () => end({ exitCode: 137 }),
      };
    },
    cleanUp: async ({ directory }) => void cleaned.push(directory),
  };
}

/** Opens Batch with fakes around it and, unless told not to, the defaults made. */
export async function openTestBatch(
  directory: string,
  options: Partial<BatchOptions> = {},
): Promise<BatchService> {
  const batch = await openBatch({
    directory,
    region: "us-east-1",
    accountId: "123456789012",
    logs: memoryLogs(),
    jobCredentials: { accessKeyId: "AKIAJOB", secretAccessKey: "job-secret" },
    machine: { vcpus: 4, memoryMiB: 8_000 },
    executor: fakeExecutor(),
    now: () => Date.now(),
    endpoint: () => "http://127.0.0.1:9",
    log: () => undefined,
    ...options,
  });
  await batch.ensureDefaults();
  return batch;
}

/** Asks until the job is as wanted. */
export async function jobWhen(
  batch: BatchService,
  jobId: string,
  isWanted: (job: { status: string }) => boolean,
  // biome-ignore lint/suspicious/noExplicitAny: tests look into every corner of a job.
): Promise<any> {
  for (;;) {
    const { jobs } = await call(batch, "DescribeJobs", { jobs: [jobId] });
    if (isWanted(jobs[0])) return jobs[0];
    await new Promise((resolve) => setImmediate(resolve));
  }
}
