import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { isSea } from "node:sea";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { AccountTrait } from "../account.ts";
import {
  AwsError,
  notImplemented,
  type Service,
  type ServiceRequest,
  type ServiceResponse,
} from "../http.ts";
import { refuseUnread } from "../unread.ts";
import { machineSize, makeDefaults } from "./defaults.ts";
import {
  type ChosenExecutor,
  createChosenExecutor,
  type ExecutorChoice,
  type HowJobsRun,
} from "./executor/chosen-executor.ts";
import type { Executor } from "./executor/executor.ts";
import { createProcessExecutor } from "./executor/process-executor.ts";
import { clientException } from "./fields.ts";
import { createInstanceMetadata, METADATA_PREFIX } from "./instance-metadata.ts";
import type { JobFaults } from "./job-faults.ts";
import type { KeyPair } from "./key-pair.ts";
import type { LogSink } from "./log-sink.ts";
import { batchOperation, membersBeside } from "./operation-name.ts";
import {
  deregisterJobDefinition,
  describeJobDefinitions,
  registerJobDefinition,
} from "./operations/definitions.ts";
import {
  createComputeEnvironment,
  deleteComputeEnvironment,
  describeComputeEnvironments,
  updateComputeEnvironment,
} from "./operations/environments.ts";
import { cancelJob, describeJobs, getJobQueueSnapshot, listJobs, terminateJob } from "./operations/jobs.ts";
import { type BatchContext, type Operation, parseBody } from "./operations/operation.ts";
import { createJobQueue, deleteJobQueue, describeJobQueues, updateJobQueue } from "./operations/queues.ts";
import { type OperationName, operationNames, reads } from "./operations/reads.ts";
import {
  createSchedulingPolicy,
  deleteSchedulingPolicy,
  describeSchedulingPolicies,
  listSchedulingPolicies,
  updateSchedulingPolicy,
} from "./operations/scheduling-policies.ts";
import { submitJob } from "./operations/submit-job.ts";
import { listTagsForResource, tagResource, untagResource } from "./operations/tags.ts";
import { demandTag } from "./required-tags.ts";
import { createScheduler } from "./scheduler.ts";
import { openStore } from "./store.ts";
import type { Size } from "./types.ts";
import { nameOfUnsupported } from "./unsupported.ts";

export interface BatchOptions {
  /** Holds all state, and the directories of running jobs. */
  readonly directory: string;
  readonly region: string;
  readonly accountId: string;
  readonly logs: LogSink;
  /** In place of the jobs' role. */
  readonly jobCredentials: KeyPair;
  /** The keys of a role, by its name; undefined where there is no such role, and `jobCredentials` stand in. */
  readonly roleCredentials?: (role: string) => KeyPair | undefined;
  /** What goes wrong with jobs on request. */
  readonly faults?: JobFaults;
  /** From SIGTERM to SIGKILL; 30,000 ms where absent. */
  readonly stopTimeoutMs?: number;
  /** The built `executor/entrypoint.ts`; `job-entrypoint.js` beside this program where absent. */
  readonly jobEntrypoint?: string;
  /** Directories that jobs run as processes are not to see. */
  readonly hidden?: readonly string[];
  /** PATH of the jobs; this process's where absent. */
  readonly path?: string;
  /** What the default compute environment has; this computer's where absent. */
  readonly machine?: Size;
  /** What runs the jobs; processes where absent. */
  readonly choice?: ExecutorChoice;
  /** What the account has other than the default one. */
  readonly account?: readonly AccountTrait[];
  /** Runs the jobs in place of all of these. */
  readonly executor?: Executor;
  now(): number;
  /** Address of local AWS, `http://127.0.0.1:PORT`; asked for when a job starts. */
  endpoint(): string;
  log(message: string): void;
}

export interface BatchService extends Service {
  /** Answers what a job asks of the metadata service of its instance; undefined: the request is none of that. */
  metadata(request: Pick<ServiceRequest, "method" | "path" | "headers">): ServiceResponse | undefined;
  /** Jobs that run or are about to; those that wait for capacity no running job will free don't count. */
  livingJobs(): number;
  /** Looks again whether waiting jobs can start. */
  schedule(): void;
  /** How jobs run: in general, or one in an image, and then whether nobody has asked and been told so yet. */
  describeExecutor(image?: string): Promise<HowJobsRun & { readonly isNews?: boolean }>;
  /** Makes the default queue, environment and definition. To be called once the server listens: waiting jobs start. */
  ensureDefaults(): Promise<void>;
}

/** Names of the operations, by the last part of the path. */
const names: Readonly<Record<string, OperationName>> = Object.fromEntries(
  operationNames.map((name) => [name.toLowerCase(), name]),
);

const operations: Readonly<Record<OperationName, Operation>> = {
  SubmitJob: submitJob,
  DescribeJobs: describeJobs,
  ListJobs: listJobs,
  GetJobQueueSnapshot: getJobQueueSnapshot,
  CancelJob: cancelJob,
  TerminateJob: terminateJob,
  RegisterJobDefinition: registerJobDefinition,
  DeregisterJobDefinition: deregisterJobDefinition,
  DescribeJobDefinitions: describeJobDefinitions,
  CreateJobQueue: createJobQueue,
  UpdateJobQueue: updateJobQueue,
  DeleteJobQueue: deleteJobQueue,
  DescribeJobQueues: describeJobQueues,
  CreateComputeEnvironment: createComputeEnvironment,
  UpdateComputeEnvironment: updateComputeEnvironment,
  DeleteComputeEnvironment: deleteComputeEnvironment,
  DescribeComputeEnvironments: describeComputeEnvironments,
  CreateSchedulingPolicy: createSchedulingPolicy,
  UpdateSchedulingPolicy: updateSchedulingPolicy,
  DeleteSchedulingPolicy: deleteSchedulingPolicy,
  DescribeSchedulingPolicies: describeSchedulingPolicies,
  ListSchedulingPolicies: listSchedulingPolicies,
  ListTagsForResource: listTagsForResource,
  TagResource: tagResource,
  UntagResource: untagResource,
};

/** Longest request to SubmitJob, in bytes. */
const maxSubmission = 30 * 1024;
/** Longest request of any kind: far over what the API's own limits allow, far under what would hurt. */
const maxRequest = 1024 * 1024;

/** AWS Batch. Throws where the state in `directory` is of a newer version, or cannot be read. */
export async function openBatch(options: BatchOptions): Promise<BatchService> {
  const store = await openStore(options.directory);
  await store.prune(options.now());
  const chosen = chooseExecutor(options);
  const executor = options.executor ?? chosen;
  const metadata = createInstanceMetadata(options.now);
  const scheduler = createScheduler({ ...options, store, executor, metadata, startTimer });
  await scheduler.recover();
  const context: BatchContext = { ...options, store, scheduler };

  return {
    name: "batch",
    async handle(request) {
      scheduler.open();
      const name = operationOf(request);
      const body = await text(limited(request.body));
      if (name === "SubmitJob" && Buffer.byteLength(body) > maxSubmission) {
        throw clientException(
          `The request is ${Buffer.byteLength(body)} bytes long, over the limit of 30 KiB.`,
        );
      }
      const input = { ...parseBody(body), ...membersBeside(request.path, request.query) };
      refuseUnread(`Batch ${name}`, input, reads[name]);
      if (options.account?.includes("tags-required")) demandTag(name, input, request.principal, options);
      return json(200, request.requestId, await operations[name](input, context));
    },
    renderError: (error, { requestId }) => ({
      ...json(error.status, requestId, { message: error.message, code: error.code }),
      headers: { ...jsonHeaders(requestId), "x-amzn-errortype": error.code },
    }),
    metadata: (request) => (request.path.startsWith(METADATA_PREFIX) ? metadata.answer(request) : undefined),
    livingJobs: () => scheduler.livingJobs(),
    schedule: () => scheduler.schedule(),
    describeExecutor: (image) => (image === undefined ? chosen.describe() : chosen.describeFor(image)),
    async ensureDefaults() {
      const machine = options.machine ?? machineSize(availableParallelism(), totalmem());
      await makeDefaults(store, options, machine, options.account);
      scheduler.open();
    },
    async close() {
      await scheduler.close();
    },
  };
}

function chooseExecutor(options: BatchOptions): ChosenExecutor {
  const { now, log, stopTimeoutMs = 30_000 } = options;
  const path = options.path ?? process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin";
  const processes = createProcessExecutor({
    scratch: join(options.directory, "sandbox-trial"),
    entrypoint: options.jobEntrypoint ?? findEntrypoint(),
    path,
    hidden: options.hidden ?? [],
    stopTimeoutMs,
    now,
    log,
  });
  const environment = { ...process.env, PATH: path };
  return createChosenExecutor({
    ...{ choice: options.choice ?? "process", processes, environment },
    ...{ stopTimeoutMs, now, log },
  });
}

/** What begins a job's process: a file beside this program or, in the executable, its name there (src/executable/main.ts). */
function findEntrypoint(): string {
  return isSea() ? "__job-entrypoint" : fileURLToPath(new URL("./job-entrypoint.js", import.meta.url));
}

/** The operation that a path names: `POST /v1/describejobs` is DescribeJobs. */
function operationOf({ method, path }: ServiceRequest): OperationName {
  const lower = batchOperation(method, path);
  const name = Object.hasOwn(names, lower) ? names[lower] : undefined;
  const isThere = path.startsWith("/v1/tags/") || (method === "POST" && path === `/v1/${lower}`);
  if (isThere && name !== undefined) return name;
  throw notImplemented(`Batch ${nameOfUnsupported(method, path)}`);
}

async function* limited(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxRequest) throw new AwsError("RequestEntityTooLargeException", "Request is too long.", 413);
    yield chunk;
  }
}

function json(status: number, requestId: string, body: unknown): ServiceResponse {
  return { status, headers: jsonHeaders(requestId), body: JSON.stringify(body) };
}

function jsonHeaders(requestId: string): Readonly<Record<string, string>> {
  return { "content-type": "application/json", "x-amzn-requestid": requestId };
}

/** Timers take 24 days at most, and hold nothing up. */
function startTimer(callback: () => void, ms: number): () => void {
  const timer = setTimeout(callback, Math.min(ms, 2 ** 31 - 1));
  timer.unref();
  return () => clearTimeout(timer);
}
