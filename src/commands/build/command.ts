import { Command } from "commander";
import type { Outcome } from "../../cli/command-maker.ts";
import type { Context } from "../../cli/context.ts";
import { addBuildOptions, type BuildOptions } from "./options.ts";

/** `nextstrain build`: runs a workflow. */
export function buildCommand(context: Context, outcome: Outcome): Command {
  const command = new Command("build")
    .summary("run a workflow")
    .description(
      "Runs the workflow in a directory: ships it, runs Snakemake there, shows its log, and brings the results back.",
    )
    .usage("[options] <directory> [snakemake arguments...]")
    .argument("[directory]", "directory with a Snakefile")
    .argument("[snakemake-arguments...]", "passed to Snakemake as they are")
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
Options come before <directory>; what follows it goes to Snakemake. Long options
may be shortened to what tells them apart. "config a.b" is b in section [a] of
~/.nextstrain/config.

The nearest parent of <directory> with a nextstrain-pathogen.yaml is shipped as
a whole: the build root. <directory> may be left out with --attach and either
--no-download or --cancel.

Examples:
  nextstrain build --aws-batch zika-tutorial/
  nextstrain build --aws-batch --cpus 8 --memory 14gib zika-tutorial/
  nextstrain build --aws-batch --detach zika-tutorial/ --forceall
  nextstrain build --aws-batch --attach <job id> zika-tutorial/
  nextstrain build --aws-batch --attach <job id> --cancel
  nextstrain build --aws-batch --download 'auspice/*.json' zika-tutorial/
  nextstrain build --aws-batch --local-aws examples/outbreak/
  nextstrain build --docker zika-tutorial/

While the job runs, Control-C twice cancels it, and Control-Z detaches from it.`;
