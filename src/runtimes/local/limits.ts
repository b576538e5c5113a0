import type { Io } from "../../cli/io.ts";
import type { BuildRequest } from "../build-request.ts";

/** What an engine can hold containers to. */
export interface Limits {
  readonly cpus: boolean;
  readonly memory: boolean;
}

/** Warns where --cpus or --memory was given, and the engine can't hold the container to it. */
export function warnOfLimits(
  io: Pick<Io, "warn">,
  { kind, limits }: { readonly kind: string; readonly limits: Limits },
  { cpus, memoryBytes }: Pick<BuildRequest, "cpus" | "memoryBytes">,
): void {
  const given = [
    ...(cpus !== undefined && !limits.cpus ? ["--cpus"] : []),
    ...(memoryBytes !== undefined && !limits.memory ? ["--memory"] : []),
  ];
  if (given.length === 0) return;
  io.warn(
    `${kind} can't keep containers to a limit here (${given.join(", ")}): only Snakemake is told, and keeps to it as far as its rules say what they need.`,
  );
}
