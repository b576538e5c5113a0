import { ENVD, type Mount } from "../local/mounts.ts";
import type { Engine } from "./engine.ts";

/** A container that is to be run and forgotten. */
export interface ContainerRun {
  readonly image: string;
  readonly command: readonly string[];
  /** Absolute path in the container. */
  readonly directory?: string;
  readonly mounts: readonly Mount[];
  /** Directory of files that hold its variables. */
  readonly envd?: string | undefined;
  /** Bash's PROMPT_COMMAND in a shell. */
  readonly promptCommand?: string | undefined;
  readonly cpus?: number | undefined;
  readonly memoryBytes?: number | undefined;
  /** Whether it has the terminal. */
  readonly tty: boolean;
  /** Numbers of the user that what it makes is to belong to; undefined where the system has none. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  /** --docker-arg, as given. */
  readonly extra: readonly string[];
}

/** The arguments of `docker run`, or `podman run`. Holds no values of variables: others can read it. */
export function runArguments(engine: Engine, run: ContainerRun): string[] {
  const mounts = run.envd ? [...run.mounts, { source: run.envd, target: ENVD }] : run.mounts;
  return [
    ...["run", "--rm", ...engine.init, "--interactive"],
    ...(run.tty ? ["--tty"] : []),
    ...userArguments(engine, run.user),
    ...(engine.labels ? ["--security-opt=label=disable"] : []),
    ...mounts.map(mountArgument),
    ...(run.directory === undefined ? [] : [`--workdir=${run.directory}`]),
    // The image's entrypoint empties the directory as soon as it has read it.
    ...(run.envd ? ["--env=NEXTSTRAIN_DELETE_ENVD=1"] : []),
    ...(run.promptCommand === undefined ? [] : [`--env=PROMPT_COMMAND=${run.promptCommand}`]),
    ...(run.cpus !== undefined && engine.limits.cpus ? [`--cpus=${run.cpus}`] : []),
    ...(run.memoryBytes !== undefined && engine.limits.memory ? [`--memory=${run.memoryBytes}b`] : []),
    ...run.extra,
    run.image,
    ...run.command,
  ];
}

function userArguments({ users }: Engine, user: ContainerRun["user"]): string[] {
  if (users === "any" || user === undefined) return [];
  if (users === "keep-id") return ["--userns=keep-id"];
  const { uid, gid } = users === "root-is-caller" ? { uid: 0, gid: 0 } : user;
  // The image's entrypoint makes another user of 0:0, and of nobody else: that one could not write here.
  const argument = `--user=${uid}:${uid === 0 && gid === 0 ? 1 : gid}`;
  return users === "remapped" ? ["--userns=host", argument] : [argument];
}

/** A bind mount. The value is a record of CSV, so that paths may hold commas and quotes. */
function mountArgument({ source, target }: Mount): string {
  const fields = ["type=bind", `source=${source}`, `target=${target}`];
  return `--mount=${fields.map((field) => (/[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",")}`;
}
