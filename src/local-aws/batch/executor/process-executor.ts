import { spawn } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { isSea } from "node:sea";
import type { ProcessIdentity } from "../types.ts";
import type { JobSpec } from "./entrypoint.ts";
import type { Attempt, ContainerEnd, Executor, RunningContainer } from "./executor.ts";
import { openFifo } from "./fifo.ts";
import { forwardLines } from "./log-lines.ts";
import { identify, isAlive, killAll, onlyChildOf, signal } from "./processes.ts";
import { removeTree } from "./remove-tree.ts";
import { chooseSandbox, type Sandbox } from "./sandbox.ts";
import { handlesSigterm } from "./shell.ts";
import { chooseView } from "./view.ts";

/** Milliseconds. */
const LOOK_AGAIN = 50;

export interface ProcessExecutorOptions {
  /** For trying out sandboxes; made and removed. */
  readonly scratch: string;
  /** The built `entrypoint.ts`, the program that a job's process begins as: its path, or its name in the executable. */
  readonly entrypoint: string;
  /** PATH of the jobs. */
  readonly path: string;
  /** From SIGTERM to SIGKILL, in milliseconds. */
  readonly stopTimeoutMs: number;
  /** Directories that jobs are not to see, as far as the system lets them be hidden. */
  readonly hidden?: readonly string[];
  /** Overrides the choice of a sandbox. */
  readonly sandbox?: Sandbox;
  now(): number;
  log(message: string): void;
}

/**
 * Runs jobs as processes on this computer: each in a session, a process group and a directory of its own, beginning
 * with the entrypoint of the image in an implementation of ours. The image itself is not used.
 */
export function createProcessExecutor(options: ProcessExecutorOptions): Executor {
  let chosen: Promise<Sandbox> | undefined;
  const sandbox = () => {
    chosen ??= options.sandbox ? Promise.resolve(options.sandbox) : chooseSandboxFor(options);
    return chosen;
  };
  return {
    isApart: async () => (await sandbox()).isApart,
    run: (attempt) => runAttempt(attempt, sandbox, options),
    async cleanUp({ jobId, directory, process }) {
      const alive = process !== undefined && (await isAlive(process));
      await killAll(alive ? process.pid : undefined, jobId);
      await removeTree(directory, options.log);
    },
  };
}

async function chooseSandboxFor({ hidden = [], ...options }: ProcessExecutorOptions): Promise<Sandbox> {
  const { entrypoint, path } = options;
  const programs = isSea()
    ? { path, needed: [process.execPath] }
    : {
        path: [path, dirname(process.execPath)].join(delimiter),
        // The entrypoint is an ES module by what its package says.
        needed: [dirname(entrypoint), join(dirname(dirname(entrypoint)), "package.json")],
      };
  const view = await chooseView({ hidden, ...programs });
  return chooseSandbox({ ...options, view });
}

function runAttempt(
  attempt: Attempt,
  sandboxOf: () => Promise<Sandbox>,
  options: ProcessExecutorOptions,
): RunningContainer {
  let announce: (process: ProcessIdentity | undefined) => void = () => undefined;
  const started = new Promise<ProcessIdentity | undefined>((resolve) => {
    announce = resolve;
  });
  let pid: number | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let isApart = false;

  function kill(): void {
    stopped = true;
    if (pid !== undefined) void killAll(pid, attempt.jobId);
  }
  function stop(): void {
    if (stopped) return;
    stopped = true;
    if (pid === undefined) return;
    terminate(pid);
    timer = setTimeout(kill, options.stopTimeoutMs);
  }

  function terminate(outermost: number): void {
    const main = isApart ? onlyChildOf(outermost) : outermost;
    // Process 1 gets no signal that it does not handle yet.
    if (main !== undefined && (!isApart || handlesSigterm(main))) signal(main, "SIGTERM");
    else setTimeout(() => pid === outermost && terminate(outermost), LOOK_AGAIN).unref();
  }

  async function run(): Promise<ContainerEnd> {
    const sandbox = await sandboxOf();
    isApart = sandbox.isApart;
    const directories = {
      home: join(attempt.directory, "nextstrain"),
      root: join(attempt.directory, "root"),
    };
    await mkdir(join(directories.home, "build"), { recursive: true });
    await mkdir(join(directories.home, "env.d"));
    await mkdir(directories.root);
    const temporary = await sandbox.createTemporary(directories);
    try {
      const reportFile = join(attempt.directory, "start-error");
      const home = sandbox.homeSeenByJob(directories);
      const spec: JobSpec = {
        home,
        command: attempt.command,
        environment: {
          PATH: options.path,
          HOME: home,
          TMPDIR: temporary.seenByJob,
          ...attempt.environment,
        },
        reportFile,
      };
      const output = await openFifo(join(attempt.directory, "output"));
      if (stopped) {
        await output.close();
        return { exitCode: 137 };
      }
      const [program = "", ...args] = sandbox.wrap(directories, [process.execPath, options.entrypoint]);
      const child = spawn(program, args, {
        cwd: join(directories.home, "build"),
        // The job's own variables come with the spec, lest they change how the entrypoint itself runs.
        env: { PATH: options.path, AWS_BATCH_JOB_ID: attempt.jobId },
        stdio: ["pipe", output.writer, output.writer],
        detached: true,
      });
      const exited = new Promise<number>((resolve, reject) => {
        child.once("error", reject);
        child.once("exit", (code, by) => resolve(code ?? 128 + (by === null ? 0 : constants.signals[by])));
      });
      // It may fail before anyone waits for it, and would take this process along.
      exited.catch(() => undefined);
      pid = child.pid;
      await output.closeWriter();
      child.stdin?.on("error", () => undefined);
      child.stdin?.end(JSON.stringify(spec));
      const forwarded = forwardLines([output.reader], { now: options.now, append: attempt.append }).catch(
        (error: unknown) => options.log(`Output of job ${attempt.jobId} was cut off: ${messageOf(error)}`),
      );
      // It may have ended already, but it was there.
      if (pid !== undefined) announce((await identify(pid)) ?? { pid, startTime: "ended at once" });
      try {
        const exitCode = await exited;
        const reason = await readFile(reportFile, "utf8").catch(() => undefined);
        return reason === undefined ? { exitCode } : { exitCode, reason };
      } finally {
        // What the main process leaves behind ends with it, as in a container.
        await killAll(pid, attempt.jobId);
        // Where something has escaped all the same, it must not keep the job from ending.
        const giveUp = setTimeout(() => output.reader.destroy(), 2_000);
        await forwarded;
        clearTimeout(giveUp);
      }
    } finally {
      clearTimeout(timer);
      pid = undefined;
      await temporary.remove().catch(() => undefined);
    }
  }

  const ended = run()
    .catch((error: unknown): ContainerEnd => {
      options.log(`Job ${attempt.jobId} could not be run: ${messageOf(error)}`);
      return { exitCode: 127, reason: `CannotStartContainerError: ${messageOf(error)}` };
    })
    .then(async (end) => {
      announce(undefined);
      await removeTree(attempt.directory, options.log);
      return end;
    });
  return { started, ended, stop, kill };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
