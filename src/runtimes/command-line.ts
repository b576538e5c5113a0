import type { Context } from "../cli/context.ts";
import { snakemakeArguments } from "../workflow/snakemake-arguments.ts";
import type { BuildRequest } from "./build-request.ts";

/**
 * What a build runs, the same in each runtime: Snakemake with what is added to its arguments, or the user's own program
 * with nothing added. Warns of ours that the user's own arguments overrule.
 */
export function commandLine(
  { io }: Pick<Context, "io">,
  {
    program,
    programArguments,
    cpus,
    memoryBytes,
  }: Pick<BuildRequest, "program" | "programArguments" | "cpus" | "memoryBytes">,
  { benchmarkExtended }: { readonly benchmarkExtended: boolean },
): [program: string, ...args: string[]] {
  if (program !== "snakemake") return [program, ...programArguments];
  const { args, warnings } = snakemakeArguments(programArguments, {
    cpus,
    memoryBytes,
    benchmarkExtended,
    defaultCores: true,
  });
  for (const warning of warnings) io.warn(warning);
  return [program, ...args];
}
