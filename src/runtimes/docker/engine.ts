import type { Context } from "../../cli/context.ts";
import { findProgram } from "../../cli/programs.ts";
import { UserError } from "../../errors.ts";
import { ask } from "../local/ask.ts";

/** Whose user a container's users are on this computer. */
export type UserMapping =
  /** Each is the user of that number. */
  | "same"
  /** Root is whoever runs the engine, all others are nobody: rootless Docker, Docker Desktop for Linux. */
  | "root-is-caller"
  /** The engine maps them (`userns-remap`), unless told not to. */
  | "remapped"
  /** Rootless Podman, which can map the caller's number to itself. */
  | "keep-id"
  /** Files are shared with a virtual machine, which makes all of them the caller's. */
  | "any";

/** A container engine that works. */
export interface Engine {
  readonly kind: "docker" | "podman";
  /** Absolute path of the program. */
  readonly program: string;
  readonly version: string;
  readonly users: UserMapping;
  /** Whether it labels files, so that containers see no others (SELinux). */
  readonly labels: boolean;
  /** Cores and bytes that containers have at most; undefined where the engine does not say. */
  readonly cpus: number | undefined;
  readonly memoryBytes: number | undefined;
  /** Which limits it can keep containers to. */
  readonly limits: { readonly cpus: boolean; readonly memory: boolean };
  /**
   * The arguments by which a container begins with a small program that passes signals on and buries the dead; empty where
   * there is none.
   */
  readonly init: readonly string[];
  /** Where it keeps images; undefined where that is in a virtual machine, or is not said. */
  readonly storage: string | undefined;
}

/** An engine that was looked for. */
export type EngineSeen =
  | { readonly kind: "works"; readonly engine: Engine }
  | { readonly kind: "absent"; readonly name: string }
  /** It is installed, but does not work: why, in its own words. */
  | {
      readonly kind: "broken";
      readonly name: "docker" | "podman";
      readonly program: string;
      readonly reason: string;
    };

/** Docker, and Podman where Docker does not work: all that was seen, up to the first that works. */
export async function lookForEngines(context: Context): Promise<readonly EngineSeen[]> {
  const seen: EngineSeen[] = [];
  for (const name of ["docker", "podman"] as const) {
    const one = await lookForEngine(context, name);
    seen.push(one);
    if (one.kind === "works") break;
  }
  return seen;
}

/** The engine that works. Throws UserError, with what can be done instead, where there is none. */
export async function findEngine(context: Context): Promise<Engine> {
  const seen = await lookForEngines(context);
  for (const one of seen) if (one.kind === "works") return one.engine;
  throw noEngine(seen);
}

const INSTEAD =
  "`nextstrain check-setup` shows what works here. Without containers: add --ambient to use the programs installed here, --conda after `nextstrain setup conda`, or --aws-batch (with --local-aws it needs no account).";

function noEngine(seen: readonly EngineSeen[]): UserError {
  const broken = seen.find((one) => one.kind === "broken");
  if (broken === undefined) {
    return new UserError("The docker runtime needs Docker or Podman, and neither is installed here.", {
      hint: `Install Docker (https://docs.docker.com/get-docker/) or Podman. ${INSTEAD}`,
    });
  }
  return new UserError(`The docker runtime needs Docker or Podman. ${sayBroken(broken)}`, {
    hint: `${mendEngine(broken)} ${INSTEAD}`,
  });
}

/** That an engine does not work, and why. */
export function sayBroken({ program, reason }: Extract<EngineSeen, { kind: "broken" }>): string {
  return `${program} is installed, but does not work: ${reason}${/[?!]$/.test(reason) ? "" : "."}`;
}

/** What mends an engine that does not work. */
export function mendEngine({ name, reason }: Extract<EngineSeen, { kind: "broken" }>): string {
  if (name === "docker" && /permission denied/i.test(reason)) {
    return "You may not use Docker: `sudo usermod --append --groups docker $USER`, then log in again.";
  }
  if (name === "podman") return "Try `podman info`; on a Mac, `podman machine start`.";
  return "Start Docker (Docker Desktop, or `sudo systemctl start docker`).";
}

async function lookForEngine(context: Context, name: "docker" | "podman"): Promise<EngineSeen> {
  const program = await findProgram(context, name);
  if (program === undefined) return { kind: "absent", name };
  const answer = await ask(context, {
    program,
    args: ["info", "--format", "{{json .}}"],
    env: context.env,
  });
  if (!answer.ok) return { kind: "broken", name, program, reason: answer.reason };
  try {
    const info = JSON.parse(answer.out) as EngineInfo;
    const engine = describeEngine(program, info, await findInit(context, info));
    return typeof engine === "string"
      ? { kind: "broken", name, program, reason: engine }
      : { kind: "works", engine };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: "broken", name, program, reason: "what it says of itself is not understood" };
  }
}

/** What `docker info` and `podman info` say as JSON, as far as it matters. */
export interface EngineInfo {
  readonly ServerVersion?: string;
  readonly ServerErrors?: readonly string[];
  readonly OperatingSystem?: string;
  readonly OSType?: string;
  readonly KernelVersion?: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly NCPU?: number;
  readonly MemTotal?: number;
  readonly MemoryLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly DockerRootDir?: string;
  readonly host?: {
    readonly cpus?: number;
    readonly memTotal?: number;
    readonly cgroupControllers?: readonly string[] | null;
    readonly serviceIsRemote?: boolean;
    readonly security?: { readonly rootless?: boolean; readonly selinuxEnabled?: boolean };
  };
  readonly store?: { readonly graphRoot?: string };
  readonly version?: { readonly Version?: string };
}

/** Where Podman's init is put, besides the PATH. It comes as a package of its own, so that it may be missing. */
const INITS = [
  "/usr/libexec/podman",
  "/usr/lib/podman",
  "/usr/local/libexec/podman",
  "/usr/local/lib/podman",
];

/** The absolute path of Podman's init; undefined where there is none, or where the engine brings its own. */
async function findInit(context: Context, { host }: EngineInfo): Promise<string | undefined> {
  if (!host || host.serviceIsRemote) return undefined;
  for (const name of [...INITS.map((directory) => `${directory}/catatonit`), "catatonit"]) {
    const found = await findProgram(context, name);
    if (found) return found;
  }
  return undefined;
}

/**
 * The engine that said this of itself; why it does not work, where it says that.
 *
 * @param init the absolute path of Podman's init, where there is one here
 */
export function describeEngine(program: string, info: EngineInfo, init?: string): Engine | string {
  // The command `docker` may be Podman, too (podman-docker).
  if (info.host) {
    const { cpus, memTotal, cgroupControllers, security, serviceIsRemote } = info.host;
    const rootless = security?.rootless === true;
    const canLimit = (controller: string) => !rootless || (cgroupControllers ?? []).includes(controller);
    return {
      kind: "podman",
      program,
      version: info.version?.Version ?? "unknown",
      users: rootless ? "keep-id" : "same",
      labels: security?.selinuxEnabled === true,
      cpus,
      memoryBytes: memTotal,
      limits: { cpus: canLimit("cpu"), memory: canLimit("memory") },
      // In a virtual machine of its own it has one. Elsewhere it may look in another place than where it was put.
      init: serviceIsRemote ? ["--init"] : init === undefined ? [] : ["--init", `--init-path=${init}`],
      storage: serviceIsRemote ? undefined : info.store?.graphRoot,
    };
  }
  const [problem] = info.ServerErrors ?? [];
  // The command answers without its daemon, but has no version of that then.
  if (problem || !info.ServerVersion) return problem ?? "its daemon does not answer";
  if (info.OSType !== undefined && info.OSType !== "linux") {
    return `it runs containers of ${info.OSType}, not of Linux`;
  }
  return {
    kind: "docker",
    program,
    version: info.ServerVersion,
    users: dockerUsers(info),
    labels: hasSecurityOption(info, "selinux"),
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    limits: { cpus: info.CpuCfsQuota !== false, memory: info.MemoryLimit !== false },
    init: ["--init"],
    storage: info.OperatingSystem === DESKTOP ? undefined : info.DockerRootDir,
  };
}

/** What Docker Desktop, which has a virtual machine of its own, calls its system. */
const DESKTOP = "Docker Desktop";

function dockerUsers(info: EngineInfo): UserMapping {
  if (info.OperatingSystem === DESKTOP) {
    // On a Mac and on Windows, file sharing makes all files the caller's; on Linux only what root makes is.
    return process.platform === "linux" && !/microsoft/i.test(info.KernelVersion ?? "")
      ? "root-is-caller"
      : "any";
  }
  if (hasSecurityOption(info, "rootless")) return "root-is-caller";
  return hasSecurityOption(info, "userns") ? "remapped" : "same";
}

/** Docker writes them as `name=rootless` or `name=seccomp,profile=builtin`. */
function hasSecurityOption({ SecurityOptions }: EngineInfo, name: string): boolean {
  return (SecurityOptions ?? []).some((option) => option.split(",").includes(`name=${name}`));
}
