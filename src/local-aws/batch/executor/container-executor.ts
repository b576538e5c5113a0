import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { reasons } from "../attempts.ts";
import type { ProcessIdentity } from "../types.ts";
import { type ContainerState, stateOf } from "./container-state.ts";
import { createArguments, jobLabel } from "./create-arguments.ts";
import type { Engine } from "./engine.ts";
import type { Attempt, ContainerEnd, RunningContainer } from "./executor.ts";
import { openFifo } from "./fifo.ts";
import { forwardLines } from "./log-lines.ts";
import { type MemoryKills, watchMemoryKills } from "./memory-kills.ts";
import { pullName } from "./pull-name.ts";
import { removeTree } from "./remove-tree.ts";

export interface ContainerOptions {
  /** From SIGTERM to SIGKILL, in milliseconds. */
  readonly stopTimeoutMs: number;
  now(): number;
  log(message: string): void;
}

/** How often an engine is asked whether a container runs by now. */
const lookAgainMs = 100;

/** The attempt's process, for the record: containers are found again by their label, so no process is to be taken for it. */
const inContainer: ProcessIdentity = { pid: 0, startTime: "in a container" };

/** What keeps a container from starting, as ECS words it; an engine's own words follow. */
class ContainerError extends Error {
  override readonly name = "ContainerError";
}

/**
 * Runs an attempt in a container of its image, which is pulled first where `mayPull` says so and it is missing. The container's
 * name is the attempt's; it is removed when it has ended.
 */
export function runInContainer(
  engine: Engine,
  attempt: Attempt,
  options: ContainerOptions & { readonly mayPull: boolean },
): RunningContainer {
  // The id of an array's child has a colon, which no container's name may have.
  const name = `nextstrain-${attempt.jobId.replace(":", "-")}-${attempt.number}`;
  let announce: (process: ProcessIdentity | undefined) => void = () => undefined;
  const started = new Promise<ProcessIdentity | undefined>((resolve) => {
    announce = resolve;
  });
  const preparing = new AbortController();
  const isStopped = () => preparing.signal.aborted;

  function stop(): void {
    if (isStopped()) return;
    preparing.abort();
    const seconds = String(Math.ceil(options.stopTimeoutMs / 1000));
    void whenRunning(["stop", "-t", seconds, name]);
  }
  function kill(): void {
    preparing.abort();
    void whenRunning(["kill", name]);
  }
  /** Before it runs there is nothing that a signal could reach, and after it nothing either. */
  async function whenRunning(args: readonly string[]): Promise<void> {
    if ((await started) === undefined) return;
    const { status, message } = await engine.call(args);
    if (status !== 0) options.log(`Job ${attempt.jobId}: ${engine.name} ${args[0]}: ${message}`);
  }

  async function prepare(): Promise<void> {
    await mkdir(attempt.directory, { recursive: true });
    if (options.mayPull && !(await hasImage(engine, attempt.image))) {
      const pull = ["pull", "--quiet", pullName(engine, attempt.image)];
      const pulled = await engine.call(pull, { signal: preparing.signal });
      if (pulled.status !== 0) throw new ContainerError(`CannotPullContainerError: ${pulled.message}`);
    }
    const file = join(attempt.directory, "env");
    const { args, environment, envFile } = createArguments(engine, attempt, { name, envFile: file });
    await writeFile(file, envFile, { mode: 0o600 });
    const created = await engine.call(args, { environment });
    if (created.status !== 0) throw new ContainerError(`CannotCreateContainerError: ${created.message}`);
  }

  /** Starts the container, and resolves when it and its output have ended. */
  async function follow(): Promise<{ readonly lastLine: string; readonly memoryKilled: boolean }> {
    // One each, lest a line of the one begin within a line of the other: the engine passes on what it has at the time.
    const output = await openFifo(join(attempt.directory, "output"));
    const errors = await openFifo(join(attempt.directory, "errors"));
    const client = spawn(engine.command, ["start", "--attach", name], {
      stdio: ["ignore", output.writer, errors.writer],
      env: engine.environment,
      // Where memory runs out, podman's monitor (conmon 2.1) leaves an empty file in it.
      cwd: attempt.directory,
      // Signals are for containers, not for who shows their output.
      detached: true,
    });
    // Where it cannot be called at all, the container's state says that it never started.
    const exited = new Promise<void>((resolve) => {
      client.once("error", () => resolve());
      client.once("exit", () => resolve());
    });
    await output.closeWriter();
    await errors.closeWriter();
    let last = "";
    const append: Attempt["append"] = (events) => {
      last = events.at(-1)?.message ?? last;
      return attempt.append(events);
    };
    const forwarded = forwardLines([output.reader, errors.reader], { now: options.now, append }).catch(
      (error: unknown) => options.log(`Output of job ${attempt.jobId} was cut off: ${error}`),
    );
    using memory = await whenStarted(exited);
    await exited;
    await forwarded;
    return { lastLine: last, memoryKilled: memory?.seen === true };
  }

  /** Announces the container once it runs, or has run. */
  async function whenStarted(exited: Promise<void>): Promise<MemoryKills | undefined> {
    let isOver = false;
    const over = exited.finally(() => {
      isOver = true;
    });
    for (;;) {
      const state = await stateOf(engine, name);
      if (state?.hasStarted) {
        announce(inContainer);
        return state.isRunning && engine.gateway === undefined ? watchMemoryKills(state.pid) : undefined;
      }
      if (isOver) return undefined;
      await Promise.race([sleep(lookAgainMs), over]);
    }
  }

  async function run(): Promise<ContainerEnd> {
    try {
      await prepare();
      // As a container that was killed as soon as it was there.
      if (isStopped()) return { exitCode: 137 };
      const seen = await follow();
      return endOf(await finalState(engine, name), seen);
    } catch (error) {
      if (isStopped()) return { exitCode: 137 };
      if (error instanceof ContainerError) return { reason: error.message };
      options.log(`Job ${attempt.jobId} could not be run: ${error instanceof Error ? error.stack : error}`);
      return { reason: `CannotStartContainerError: ${error instanceof Error ? error.message : error}` };
    } finally {
      await engine.call(["rm", "--force", "--volumes", name]);
    }
  }

  const ended = run().then(async (end) => {
    announce(undefined);
    await removeTree(attempt.directory, options.log);
    return end;
  });
  return { started, ended, stop, kill };
}

/** A container's state once it does not run: who shows its output may have ended before it. */
async function finalState(engine: Engine, name: string): Promise<ContainerState | undefined> {
  const state = await stateOf(engine, name);
  if (!state?.isRunning) return state;
  await engine.call(["wait", name]);
  return stateOf(engine, name);
}

function endOf(
  state: ContainerState | undefined,
  { lastLine, memoryKilled }: { readonly lastLine: string; readonly memoryKilled: boolean },
): ContainerEnd {
  if (state === undefined) {
    const reason = "CannotInspectContainerError: the container engine no longer knows it";
    return { reason, statusReason: reasons.exited };
  }
  const { exitCode } = state;
  if (!state.hasStarted) {
    const why = state.error || lastLine.replace(/^Error: /, "");
    return { ...(exitCode > 0 ? { exitCode } : {}), reason: `CannotStartContainerError: ${why}` };
  }
  if (state.outOfMemory || memoryKilled) {
    return { exitCode, reason: reasons.outOfMemory, statusReason: reasons.exited };
  }
  return { exitCode };
}

/** Whether the engine need not pull the image. */
export async function hasImage(engine: Engine, image: string): Promise<boolean> {
  return (await engine.ask(["image", "inspect", "--format", "{{.Id}}", image])).status === 0;
}

/** Ends and removes what is left of a job's containers. */
export async function removeContainersOf(engine: Engine, jobId: string): Promise<void> {
  const filter = `label=${jobLabel}=${jobId}`;
  const { stdout } = await engine.ask(["ps", "--all", "--quiet", "--filter", filter]);
  for (const id of stdout.split("\n").filter(Boolean)) {
    // To remove a container that runs, podman would first ask it to leave, and wait.
    await engine.call(["kill", id]);
    await engine.call(["rm", "--force", "--volumes", id]);
  }
}
