import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Context, nextstrainHome } from "../cli/context.ts";
import { UserError } from "../errors.ts";
import {
  type ControlTarget,
  type LocalAwsStatus,
  readStatus,
  requestFaults,
  requestStop,
} from "./local-aws-control.ts";
import { runLocalAwsProcess } from "./local-aws-process.ts";

/** A running local AWS, and what a client needs to use it. */
export interface LocalAws {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly pid: number;
  readonly port: number;
  readonly stateDirectory: string;
  /** What its jobs were asked to be run by, as in StartOptions. */
  readonly executor: string;
}

export interface StartOptions {
  /** Undefined: the one of the last time, or at first a free one. */
  readonly port?: number | undefined;
  /** Minutes without anything to do, after which it leaves; 0: never. */
  readonly idleMinutes?: number | undefined;
  /** What runs its jobs until it stops; undefined: containers where an engine has their image, else processes. */
  readonly executor?: string | undefined;
  /** Seconds from SIGTERM to SIGKILL, of a job that is to end; undefined: 30, as on ECS. */
  readonly stopTimeout?: number | undefined;
  /** What its account is to have other than the default one. */
  readonly account?: readonly string[] | undefined;
}

/** Milliseconds that a healthy local AWS never takes to answer. */
const answerLimitMs = 10_000;
/** Its jobs are given 30 s to end. */
const stopLimitMs = 60_000;
const startLimitMs = 60_000;
const lookAgainMs = 50;
const looksBeforeRetry = 10;

export const localAwsDirectory = (context: Pick<Context, "env" | "cwd" | "home">) =>
  join(nextstrainHome(context), "local-aws");

/** The local AWS that runs on this home's state directory, if one does. */
export async function findLocalAws(context: Context): Promise<LocalAws | undefined> {
  return (await inspectLocalAws(context))?.local;
}

/** As findLocalAws, with what it says of itself. @throws UserError where it hangs. */
export async function inspectLocalAws(
  context: Context,
): Promise<{ readonly local: LocalAws; readonly status: LocalAwsStatus } | undefined> {
  const stateDirectory = localAwsDirectory(context);
  const target = await readTarget(stateDirectory);
  if (!target) return undefined;
  const status = await within(answerLimitMs, context, (signal) => readStatus(target, context.now(), signal));
  if (!status) return undefined;
  const { port, region, credentials } = target;
  const endpoint = `http://127.0.0.1:${port}`;
  const { pid, executor } = status;
  return {
    status,
    local: { endpoint, region, credentials, pid, port, stateDirectory, executor: executor.choice },
  };
}

/**
 * The local AWS of this home, started if it does not run. Two programs that do so at the same moment get the same one.
 *
 * @throws UserError where it cannot start: the port is taken, the state directory cannot be used.
 */
export async function ensureLocalAws(context: Context, options: StartOptions = {}): Promise<LocalAws> {
  const deadline = context.now() + startLimitMs;
  const args = [
    ...(options.port === undefined ? [] : ["--port", String(options.port)]),
    ...(options.idleMinutes === undefined ? [] : ["--idle-minutes", String(options.idleMinutes)]),
    ...(options.executor === undefined ? [] : ["--executor", options.executor]),
    ...(options.stopTimeout === undefined ? [] : ["--stop-timeout", String(options.stopTimeout)]),
    ...(options.account ?? []).flatMap((trait) => ["--account", trait]),
  ];
  for (;;) {
    const running = await findLocalAws(context);
    if (running) return running;
    const report = await runLocalAwsProcess(context, localAwsDirectory(context), args);
    if ("error" in report) throw new UserError(report.error.message, { hint: report.error.hint });
    if ("busy" in report) await whileBusy(context, report.busy.pid, deadline);
  }
}

/** Asks local AWS to leave and waits until it has. False where none runs. Jobs that still run are ended. */
export async function stopLocalAws(context: Context): Promise<boolean> {
  const running = await findLocalAws(context);
  const target = await readTarget(localAwsDirectory(context));
  if (!running || !target) return false;
  await within(answerLimitMs, context, (signal) => requestStop(target, context.now(), signal));
  const deadline = context.now() + stopLimitMs;
  while (isAlive(running.pid)) {
    if (context.now() > deadline) throw hangs(running.pid);
    await sleep(lookAgainMs, undefined, { signal: context.signal });
  }
  return true;
}

/**
 * Has the local AWS that runs here misbehave from now on as the plan (JSON) says, until it stops.
 *
 * @throws UserError where the plan is not one
 */
export async function useFaultPlan(context: Context, plan: string): Promise<void> {
  const target = await readTarget(localAwsDirectory(context));
  if (!target) throw new UserError("Local AWS is not running.", { hint: "nextstrain local-aws start" });
  const wrong = await within(answerLimitMs, context, (signal) =>
    requestFaults(target, plan, context.now(), signal),
  );
  if (wrong === undefined) return;
  throw new UserError(wrong, { hint: "The README of local AWS lists under “Faults” what a plan may hold." });
}

/** Deletes all buckets, jobs and logs, after stopping local AWS where it runs. Port and keys stay. */
export async function resetLocalAws(context: Context): Promise<void> {
  const deadline = context.now() + stopLimitMs;
  for (;;) {
    await stopLocalAws(context);
    const report = await runLocalAwsProcess(context, localAwsDirectory(context), ["--reset"]);
    if ("error" in report) throw new UserError(report.error.message, { hint: report.error.hint });
    if (!("busy" in report)) return;
    await whileBusy(context, report.busy.pid, deadline);
  }
}

/**
 * Another process has the state: it is about to be ready, or to be gone. Waits a little for either; whether the state is
 * free then only the next try can say.
 */
async function whileBusy(context: Context, pid: number, deadline: number): Promise<void> {
  if (context.now() > deadline) throw hangs(pid);
  for (let look = 0; look < looksBeforeRetry && isAlive(pid); look += 1) {
    await sleep(lookAgainMs, undefined, { signal: context.signal });
    if (await findLocalAws(context)) return;
  }
}

function hangs(pid: number): UserError {
  return new UserError(`Local AWS (process ${pid}) does not answer.`, {
    hint: `End it with \`kill ${pid}\` (\`kill -9 ${pid}\` where that does not help), then try again.`,
  });
}

/** Whether a process runs: not one that has ended and waits to be asked after, for ever in a container without an init. */
function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // proc(5): the state follows the name, which is in parentheses and may hold any character.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return true;
  }
}

/** Gives up on a local AWS that does not answer: a UserError says so. */
async function within<T>(
  limitMs: number,
  context: Context,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(limitMs);
  try {
    return await ask(AbortSignal.any([context.signal, limit]));
  } catch (error) {
    context.signal.throwIfAborted();
    if (limit.aborted) throw hangs((await findDaemonPid(context)) ?? 0);
    throw error;
  }
}

async function findDaemonPid(context: Context): Promise<number | undefined> {
  const daemon = await readJson(join(localAwsDirectory(context), "daemon.json"));
  return typeof daemon?.pid === "number" ? daemon.pid : undefined;
}

/** The port that this home's local AWS has, whether it runs or not; undefined where it has never run. */
export async function localAwsPort(context: Context): Promise<number | undefined> {
  const identity = await readJson(join(localAwsDirectory(context), "identity.json"));
  return typeof identity?.port === "number" ? identity.port : undefined;
}

/** How to reach the daemon, by the files it keeps in its state directory; undefined where none runs. */
async function readTarget(directory: string): Promise<ControlTarget | undefined> {
  const daemon = await readJson(join(directory, "daemon.json"));
  const identity = await readJson(join(directory, "identity.json"));
  const { accessKeyId, secretAccessKey } = (identity?.user ?? {}) as Readonly<Record<string, unknown>>;
  const [port, region] = [daemon?.port, identity?.region];
  if (typeof port !== "number" || typeof region !== "string") return undefined;
  if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") return undefined;
  return { port, region, credentials: { accessKeyId, secretAccessKey } };
}

/** Undefined where the file is missing, or is no JSON object. */
async function readJson(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
