import { Command } from "commander";
import type { Outcome } from "../../cli/command-maker.ts";
import type { Context } from "../../cli/context.ts";
import { addBuildOptions, type BuildOptions } from "./options.ts";

/** `nextstrain build`: runs a workflow. */
export function buildCommand(context: Context, outcome: Outcome): Command {
  const command = new Command("build")
    .summary("run a workflow")
    .description("Run a Snakemake workflow, show its log, and download its results.")
    .usage("[options] <directory> [snakemake arguments...]")
    .argument("[directory]", "directory with a Snakefile")
    .argument("[snakemake-arguments...]", "passed to Snakemake unchanged")
    .passThroughOptions();
  addBuildOptions(command);
  command.addHelpText("after", NOTES);
  return command.action(
    async (directory: string | undefined, programArguments: string[], options: BuildOptions) => {
      const { build } = await import("./run.ts");
      outcome.exitStatus = await build(context, { directory, programArguments, options });
    },
  );
}

const NOTES = `
Options come before <directory>; arguments after it go to Snakemake. Options can
be abbreviated. "config a.b" is b in section [a] of ~/.nextstrain/config.

The build root is the nearest parent of <directory> with a
nextstrain-pathogen.yaml, else <directory>; it is uploaded as a whole. With
--attach and --no-download or --cancel, <directory> can be omitted.

Examples:
  nextstrain build --aws-batch --cpus 8 --memory 14gib zika-tutorial/
  nextstrain build --aws-batch --detach zika-tutorial/ --forceall
  nextstrain build --aws-batch --attach <job id> zika-tutorial/
  nextstrain build --docker zika-tutorial/

While the job runs, press Control-C twice to cancel it, Control-Z to detach.`;
