import { writeSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { parseArgs } from "node:util";
import { type AccountTrait, accountTraits } from "./account.ts";
import { type ExecutorChoice, executorChoices } from "./batch/executor/chosen-executor.ts";
import { startDaemon } from "./daemon/daemon.ts";
import { errorReport, sendReport } from "./daemon/report.ts";
import { resetState } from "./daemon/reset.ts";
import { StartError } from "./daemon/start-error.ts";

/** Replaced by the version in package.json when the program is built. */
declare const NEXTSTRAIN_VERSION: string | undefined;

// node dist/local-aws.js --state DIR [--port N] [--idle-minutes N] [--executor container|process|auto]
// [--stop-timeout SECONDS] [--account TRAIT]... [--report-fd N] [--reset]
const { values } = parseArgs({
  options: {
    state: { type: "string" },
    port: { type: "string" },
    "idle-minutes": { type: "string", default: "30" },
    executor: { type: "string", default: "auto" },
    "stop-timeout": { type: "string", default: "30" },
    account: { type: "string", multiple: true, default: [] },
    /** Where the one line about the start goes; standard output without it. */
    "report-fd": { type: "string", default: "1" },
    reset: { type: "boolean", default: false },
  },
});

const reportFd = Number(values["report-fd"]);

/** What can't be written (the disk is full) is lost; a stream would fail for good, and with it the daemon. */
function log(message: string): void {
  try {
    writeSync(2, `${new Date().toISOString()} ${message}\n`);
  } catch {
    // The next line may find room again.
  }
}

/** A bug: jobs are ended as their records say at the next start. */
function crash(error: unknown): void {
  log(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
}

function readChoice(name: string): ExecutorChoice {
  const choice = executorChoices.find((candidate) => candidate === name);
  if (choice) return choice;
  throw new StartError(`There is no executor ${name}.`, `There are ${executorChoices.join(", ")}.`);
}

function readTrait(name: string): AccountTrait {
  const trait = accountTraits.find((candidate) => candidate === name);
  if (trait) return trait;
  throw new StartError(`There is no account with ${name}.`, `There are ${accountTraits.join(", ")}.`);
}

async function run(directory: string): Promise<void> {
  if (values.reset) {
    const held = await resetState(directory);
    sendReport(reportFd, held ? { busy: { pid: held.heldBy } } : { done: true });
    return;
  }
  const minutes = Number(values["idle-minutes"]);
  const started = await startDaemon({
    directory,
    port: values.port === undefined ? undefined : Number(values.port),
    idleMs: minutes > 0 ? minutes * 60_000 : Number.POSITIVE_INFINITY,
    executor: readChoice(values.executor),
    stopTimeoutMs: 1000 * Number(values["stop-timeout"]),
    account: values.account.map(readTrait),
    // The home by the environment and by the system's list of users, and where a session keeps its sockets.
    private: [homedir(), userInfo().homedir, `/run/user/${userInfo().uid}`],
    version: typeof NEXTSTRAIN_VERSION === "string" ? NEXTSTRAIN_VERSION : "0.0.0-source",
    now: Date.now,
    log,
  });
  if ("heldBy" in started) {
    sendReport(reportFd, { busy: { pid: started.heldBy } });
    return;
  }
  const { daemon } = started;
  log(`Local AWS (process ${process.pid}) listens on port ${daemon.port}.`);
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
  });
  // The terminal that it was started from is none of its business.
  process.on("SIGHUP", () => {});
  sendReport(reportFd, { ready: { pid: process.pid, port: daemon.port } });
  await Promise.race([daemon.leaving, signalled]);
  log("Leaving.");
  await daemon.close();
}

async function main(): Promise<never> {
  if (values.state === undefined) {
    sendReport(reportFd, { error: { message: "Where is the state to be kept? Give --state DIR." } });
    process.exitCode = 2;
  } else {
    try {
      await run(values.state);
    } catch (error) {
      crash(error);
      sendReport(reportFd, errorReport(error));
    }
  }
  process.exit();
}

// The executable's files can't have `await` here.
void main();
