import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { AccountTrait } from "../account.ts";
import type { AccessKey } from "../auth/verify.ts";
import type { ExecutorChoice } from "../batch/executor/chosen-executor.ts";
import { type BatchService, openBatch } from "../batch/index.ts";
import { createFaults, type Faults } from "../faults/faults.ts";
import { faultyLogSink } from "../faults/log-sink.ts";
import { requestFaults } from "../faults/requests.ts";
import type { Service } from "../http.ts";
import { authorize } from "../iam/authorize.ts";
import { openIam } from "../iam/index.ts";
import { openLogs } from "../logs/index.ts";
import { openS3 } from "../s3/index.ts";
import { type RunningServer, startServer } from "../server.ts";
import { openSts } from "../sts/index.ts";
import { setUpAccount } from "./account.ts";
import { controlEndpoints } from "./control.ts";
import { readState } from "./damaged-state.ts";
import { createIdentity, type Identity, readIdentity, writeIdentity } from "./identity.ts";
import { watchIdle } from "./idle.ts";
import { writeJson } from "./json-file.ts";
import { type Lock, takeLock } from "./lock.ts";
import { choosePort, portError } from "./port.ts";
import { countRequests } from "./request-counts.ts";
import { StartError } from "./start-error.ts";
import { checkStateVersion, makeStateDirectory } from "./state-directory.ts";

export interface DaemonOptions {
  /** The state directory; made if missing. */
  readonly directory: string;
  /** Undefined: the one of the last time, or at first a free one. */
  readonly port: number | undefined;
  /** Milliseconds without requests and jobs, after which the daemon leaves. Infinity: never. */
  readonly idleMs: number;
  /** What runs the jobs. */
  readonly executor: ExecutorChoice;
  /** Milliseconds from SIGTERM to SIGKILL, of a job that is to end. */
  readonly stopTimeoutMs: number;
  /** What its account has other than the default one. */
  readonly account: readonly AccountTrait[];
  /** Directories besides its own that jobs are not to see: the user's. */
  readonly private: readonly string[];
  /** Of this program. */
  readonly version: string;
  /** Milliseconds since 1970. */
  now(): number;
  log(message: string): void;
}

export interface Daemon {
  readonly port: number;
  /** Resolves when it has been asked to leave, or has had nothing to do for long enough. */
  readonly leaving: Promise<void>;
  /** Ends the jobs and the server, and gives up the lock. */
  close(): Promise<void>;
}

/**
 * Starts local AWS on a state directory, or says which process has done so.
 *
 * @throws StartError where the directory or the port cannot be used.
 */
export async function startDaemon(options: DaemonOptions): Promise<{ daemon: Daemon } | { heldBy: number }> {
  const { directory } = options;
  await makeStateDirectory(directory);
  const taken = await takeLock(directory);
  if ("heldBy" in taken) return taken;
  try {
    await checkStateVersion(directory);
    const known = await readIdentity(directory);
    const port = await choosePort(options.port ?? known?.port);
    const identity = { ...(known ?? createIdentity(port)), port };
    return { daemon: await runDaemon(options, identity, taken.lock) };
  } catch (error) {
    await taken.lock.release();
    throw error;
  }
}

async function runDaemon(options: DaemonOptions, identity: Identity, lock: Lock): Promise<Daemon> {
  const { directory, now, log } = options;
  const { port, region } = identity;
  const started = now();
  const counts = countRequests();
  let leave = () => {};
  const leaving = new Promise<void>((resolve) => {
    leave = resolve;
  });

  const faults = createFaults(now);
  const interfere = requestFaults(faults);
  const { services, batch, iam } = await readState(options, () => openServices(options, identity, faults));
  let server: RunningServer | undefined;
  try {
    if (options.executor === "container") await needContainers(batch);
    server = await startServer({
      port,
      services,
      keys: (accessKeyId) => accessKeys(identity).get(accessKeyId) ?? iam.keyOf(accessKeyId),
      authorize: (service, request) =>
        authorize(service, request, { ...identity, policiesOf: iam.policiesOf }),
      now,
      log,
      onRequest: (call) => {
        counts.count(call.service, call.request);
        return interfere(call);
      },
      metadata: batch.metadata,
      control: controlEndpoints({
        secret: identity.user.secretAccessKey,
        stop: leave,
        faults: faults.report,
        useFaults(plan) {
          faults.use(plan);
          batch.schedule();
        },
        describeExecutor: (image) => batch.describeExecutor(image),
        status: async () => ({
          version: options.version,
          pid: process.pid,
          port,
          region,
          stateDirectory: directory,
          started: new Date(started).toISOString(),
          uptimeSeconds: Math.round((now() - started) / 1000),
          livingJobs: batch.livingJobs(),
          executor: { choice: options.executor, ...(await batch.describeExecutor()) },
          account: options.account,
          stopTimeoutSeconds: options.stopTimeoutMs / 1000,
          requests: counts,
          faults: faults.report(),
        }),
      }),
    });
    // Jobs that were waiting at the last end start now, and need the server.
    await batch.ensureDefaults();
    await writeIdentity(directory, identity);
    await writeJson(join(directory, "daemon.json"), {
      pid: process.pid,
      port,
      started: new Date(started).toISOString(),
      version: options.version,
    });
  } catch (error) {
    await server?.close();
    await closeServices(services);
    throw portError(port, error);
  }
  const running = server;
  const idle = watchIdle({
    idleMs: options.idleMs,
    now,
    isBusy: () => running.activeRequests() > 0 || batch.livingJobs() > 0,
    lastRequestAt: running.lastRequestAt,
    leave() {
      log("Nothing to do any more.");
      leave();
    },
  });
  return {
    port,
    leaving,
    async close() {
      idle[Symbol.dispose]();
      try {
        // Jobs first: they talk to the server until they end.
        await batch.close();
        await running.close();
        await closeServices(services, batch);
      } finally {
        await rm(join(directory, "daemon.json"), { force: true });
        await lock.release();
      }
    },
  };
}

/** Jobs that must run in containers cannot do so without an engine. Throws a StartError. */
async function needContainers(batch: BatchService): Promise<void> {
  const { by, detail } = await batch.describeExecutor();
  if (by === "containers") return;
  throw new StartError(
    `Jobs cannot run in containers here: ${detail}.`,
    "Install docker or podman, or start it; or leave --executor container out, and jobs run as processes.",
  );
}

/** Opens all services, of an account that is set up. */
async function openServices(options: DaemonOptions, identity: Identity, faults: Faults) {
  const { directory, now, log } = options;
  const { region, accountId, port } = identity;
  const logs = await openLogs({
    ...{ directory: join(directory, "logs"), region, accountId, now },
    isTokenExpired: faults.isTokenExpired,
  });
  const s3 = await openS3({ directory: join(directory, "s3"), region, accountId, now });
  const iam = await openIam({ directory: join(directory, "iam"), accountId, now });
  await setUpAccount({ s3, logs, iam });
  const jobLogs = faultyLogSink(logs.sink, faults, log);
  const batch = await openBatch({
    directory: join(directory, "batch"),
    region,
    accountId,
    now,
    log,
    logs: jobLogs,
    faults,
    choice: options.executor,
    account: options.account,
    stopTimeoutMs: options.stopTimeoutMs,
    hidden: [directory, ...options.private],
    endpoint: () => `http://127.0.0.1:${port}`,
    jobCredentials: identity.jobs,
    roleCredentials: iam.keyOfRole,
  });
  const closeLogs = async () => {
    await jobLogs.flush();
    await logs.close();
  };
  const all: Service[] = [s3, batch, { ...logs, close: closeLogs }, openSts({ accountId }), iam];
  return { batch, iam, services: new Map(all.map((service) => [service.name, service])) };
}

/** One that cannot be closed does not keep the others from it. */
async function closeServices(services: ReadonlyMap<string, Service>, closed?: Service): Promise<void> {
  const open = [...services.values()].filter((service) => service !== closed);
  const results = await Promise.allSettled(open.map((service) => service.close()));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

function accessKeys({ user, jobs, accountId }: Identity): ReadonlyMap<string, AccessKey> {
  return new Map([
    [
      user.accessKeyId,
      {
        secretAccessKey: user.secretAccessKey,
        principal: {
          kind: "user",
          accessKeyId: user.accessKeyId,
          arn: `arn:aws:iam::${accountId}:user/local`,
        },
      },
    ],
    [
      jobs.accessKeyId,
      {
        secretAccessKey: jobs.secretAccessKey,
        principal: {
          kind: "job",
          accessKeyId: jobs.accessKeyId,
          arn: `arn:aws:sts::${accountId}:assumed-role/NextstrainJobsRole/local`,
        },
      },
    ],
  ]);
}
