import { isJson } from "../fields.ts";
import type { Json } from "../types.ts";

/** What matters of an engine for running jobs. */
export interface EngineFacts {
  /** As people know it: `podman 4.3.1`. */
  readonly name: string;
  readonly isPodman: boolean;
  /** CPUs of the machine that it runs containers on. */
  readonly cpus: number;
  readonly canLimitCpus: boolean;
  readonly canLimitMemory: boolean;
  /**
   * What containers call this computer, whose loopback interface they reach by that name; undefined where they share its
   * network. Engines that run in a virtual machine need it.
   */
  readonly gateway: string | undefined;
}

/**
 * Reads what `docker info` or `podman info` says as JSON: which of the two it was is told by the answer, since podman also goes
 * by docker's name.
 *
 * @returns why jobs cannot run in it, to go after its name, where they cannot
 */
export function readInfo(json: string, platform: NodeJS.Platform): EngineFacts | { readonly why: string } {
  const info = parse(json);
  return isJson(info.host) ? readPodman(info, info.host, platform) : readDocker(info, platform);
}

/** Docker Engine API, SystemInfo. */
function readDocker(info: Json, platform: NodeJS.Platform): EngineFacts | { why: string } {
  const version = info.ServerVersion;
  if (typeof version !== "string" || version === "") return { why: "does not answer" };
  const isDesktop = platform !== "linux" || info.OperatingSystem === "Docker Desktop";
  const options = Array.isArray(info.SecurityOptions) ? info.SecurityOptions.map(String) : [];
  if (!isDesktop && options.some((option) => option.includes("name=rootless"))) {
    return { why: "runs without root, where containers cannot reach local AWS" };
  }
  return {
    name: `docker ${version}`,
    isPodman: false,
    cpus: Number(info.NCPU) || 1,
    canLimitCpus: info.CpuCfsQuota === true,
    canLimitMemory: info.MemoryLimit === true,
    gateway: isDesktop ? "host.docker.internal" : undefined,
  };
}

function readPodman(info: Json, host: Json, platform: NodeJS.Platform): EngineFacts {
  const version = isJson(info.version) ? info.version.Version : undefined;
  // Those that it may use: without root, only what systemd has delegated to the user.
  const controllers = Array.isArray(host.cgroupControllers) ? host.cgroupControllers : [];
  const isElsewhere = platform !== "linux" || host.serviceIsRemote === true;
  return {
    name: typeof version === "string" ? `podman ${version}` : "podman",
    isPodman: true,
    cpus: Number(host.cpus) || 1,
    canLimitCpus: controllers.includes("cpu"),
    canLimitMemory: controllers.includes("memory"),
    gateway: isElsewhere ? "host.containers.internal" : undefined,
  };
}

function parse(json: string): Json {
  try {
    const value: unknown = JSON.parse(json);
    return isJson(value) ? value : {};
  } catch {
    return {};
  }
}
