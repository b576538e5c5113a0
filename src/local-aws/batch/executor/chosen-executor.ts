import type { ProcessIdentity } from "../types.ts";
import { type ContainerOptions, hasImage, removeContainersOf, runInContainer } from "./container-executor.ts";
import { type Engine, findEngine, type NoEngine } from "./engine.ts";
import type { Attempt, ContainerEnd, Executor, RunningContainer } from "./executor.ts";
import { pullName } from "./pull-name.ts";

/** What jobs are to be run by: `auto` is containers where an engine works and has the image, else processes. */
export const executorChoices = ["container", "process", "auto"] as const;
export type ExecutorChoice = (typeof executorChoices)[number];

export interface ChosenExecutorOptions extends ContainerOptions {
  readonly choice: ExecutorChoice;
  /** Runs what is not run in containers. */
  readonly processes: Executor;
  /** In which docker and podman are looked up and called. */
  readonly environment: NodeJS.ProcessEnv;
}

/** How jobs in an image run, for people. */
export interface HowJobsRun {
  readonly by: "containers" | "processes";
  /** By what, or why: `podman 4.3.1`, `there is no docker or podman`. */
  readonly detail: string;
}

/** How a job in an image would run now. */
export interface HowJobRuns extends HowJobsRun {
  /** Whether it sees neither its user's files nor other processes. */
  readonly isApart: boolean;
  /** Whether nobody has been told so yet. */
  readonly isNews: boolean;
}

export interface ChosenExecutor extends Executor {
  /** How jobs run in general. */
  describe(): Promise<HowJobsRun>;
  describeFor(image: string): Promise<HowJobRuns>;
}

/** How long an engine's answer about an image is good for: less than anyone takes to get it and build again. */
const lookHoldsMs = 3_000;

/** Runs each job by what is chosen, and by what is there. */
export function createChosenExecutor(options: ChosenExecutorOptions): ChosenExecutor {
  const { choice, processes } = options;
  let found: Promise<Engine | NoEngine> | undefined;
  const engine = () => {
    found ??= findEngine(options.environment);
    return found;
  };
  const told = new Set<string>();
  /** Why the engine, though it answers, runs no containers here. */
  let broken: string | undefined;

  /** A build asks how its job will run, and then it runs: the engine is asked once for both. */
  const looks = new Map<string, { readonly at: number; readonly isHere: Promise<boolean> }>();
  function isHere(engine: Engine, image: string): Promise<boolean> {
    const last = looks.get(image);
    if (last && options.now() - last.at < lookHoldsMs) return last.isHere;
    const look = { at: options.now(), isHere: hasImage(engine, image) };
    looks.set(image, look);
    return look.isHere;
  }

  /** Where jobs in an image are to run; with no image named, in general. */
  async function placeOf(
    image: string | undefined,
  ): Promise<{ readonly engine?: Engine; readonly detail: string }> {
    if (choice === "process") return { detail: "as asked for" };
    const there = await engine();
    if ("why" in there) return { detail: there.why };
    const { name, command } = there;
    if (choice === "container") return { engine: there, detail: name };
    if (broken !== undefined) return { detail: `${name} starts no containers here: ${broken}` };
    if (image === undefined)
      return { engine: there, detail: `${name} where it has the image, else processes` };
    if (await isHere(there, image)) return { engine: there, detail: name };
    const pull = `${command} pull ${pullName(there, image)}`;
    return { detail: `${name} does not have the image (to get it: ${pull})` };
  }

  async function describe(image?: string): Promise<HowJobsRun> {
    const { engine: by, detail } = await placeOf(image);
    return { by: by ? "containers" : "processes", detail };
  }

  async function runWhereItCan(attempt: Attempt, relay: Relay): Promise<ContainerEnd> {
    const place = await placeOf(attempt.image);
    if (place.engine === undefined) {
      if (choice === "container") return { reason: `CannotStartContainerError: ${place.detail}` };
      return relay.to(processes.run(attempt)).ended;
    }
    const container = relay.to(
      runInContainer(place.engine, attempt, { ...options, mayPull: choice === "container" }),
    );
    const end = await container.ended;
    if (choice !== "auto" || relay.isStopped() || (await container.started) !== undefined) return end;
    const why = engineFault(end);
    if (why === undefined) return end;
    options.log(`Job ${attempt.jobId} runs as processes: ${end.reason}`);
    // The log holds the engine's complaint; without a word, the reader would take the job to have failed.
    const message = "Local AWS runs this job as processes of this computer instead.";
    await attempt.append([{ timestamp: options.now(), message }]).catch(() => undefined);
    broken ??= why.ofAll ? why.text : undefined;
    return relay.to(processes.run(attempt)).ended;
  }

  // Found out while nobody waits for it.
  void (async () => {
    if (choice === "process" || (choice === "auto" && "why" in (await engine()))) await processes.isApart?.();
    else await engine();
  })().catch(() => undefined);
  return {
    run: (attempt) => runRelayed((relay) => runWhereItCan(attempt, relay)),
    async cleanUp(left) {
      // Whatever runs jobs now: what ran this one is not known.
      const there = await engine();
      if (!("why" in there)) await removeContainersOf(there, left.jobId);
      await processes.cleanUp(left);
    },
    describe: () => describe(),
    async describeFor(image) {
      const how = await describe(image);
      const isNews = !told.has(how.detail);
      told.add(how.detail);
      const isApart = how.by === "containers" || ((await processes.isApart?.()) ?? false);
      return { ...how, isApart, isNews };
    },
  };
}

/** Lets an attempt be run by one thing after another, as one. */
interface Relay {
  /** From now on it is this that runs the attempt. */
  to(container: RunningContainer): RunningContainer;
  isStopped(): boolean;
}

function runRelayed(run: (relay: Relay) => Promise<ContainerEnd>): RunningContainer {
  let current: RunningContainer | undefined;
  let asked: "stop" | "kill" | undefined;
  let announce: (process: ProcessIdentity | undefined) => void = () => undefined;
  const started = new Promise<ProcessIdentity | undefined>((resolve) => {
    announce = resolve;
  });
  const ask = (what: "stop" | "kill") => {
    asked = what;
    current?.[what]();
  };
  const ended = run({
    to(container) {
      current = container;
      if (asked !== undefined) container[asked]();
      void container.started.then((process) => process && announce(process));
      return container;
    },
    isStopped: () => asked !== undefined,
  }).finally(() => announce(undefined));
  return { started, ended, stop: () => ask("stop"), kill: () => ask("kill") };
}

/**
 * What is wrong with the engine where it did not start a container, and whether it will be so for all: what it does not even make
 * may be about this one. Undefined where the image or the command is at fault.
 */
function engineFault({
  reason,
}: ContainerEnd): { readonly text: string; readonly ofAll: boolean } | undefined {
  const [, verb, text] = /^Cannot(Create|Start)ContainerError: (.*)$/s.exec(reason ?? "") ?? [];
  if (text === undefined || /executable file|exec: "|invoke a command/.test(text)) return undefined;
  return { text, ofAll: verb === "Start" };
}
