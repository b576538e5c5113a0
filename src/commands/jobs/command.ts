import { Command, Option } from "commander";
import type { Context } from "../../cli/context.ts";
import type { Outcome } from "../../cli/program.ts";
import type { KnownStatus } from "../../runtimes/aws-batch/jobs/known-job.ts";
import { type AccountFlags, addAccountOptions, jobsOptions, parseCount, parseStates } from "./options.ts";
import { parseSince } from "./since.ts";

/** What ids may be, in the help of each command. */
const IDS = `
A job is named by its id or by that of its run, by any beginning of these that
fits one job only, or by \`last\`, the newest build started from this computer.`;

/** `nextstrain jobs`: what became of builds on AWS Batch. */
export function jobsCommand(context: Context, outcome: Outcome): Command {
  const command = new Command("jobs")
    .summary("list builds on AWS Batch, get their logs and results")
    .description("Lists builds on AWS Batch, shows what became of them, and gets their logs and results.")
    .addHelpText(
      "after",
      `${IDS}

Without a command, \`nextstrain jobs\` lists.

Examples:
  nextstrain jobs
  nextstrain jobs list --state failed --since 7d
  nextstrain jobs list --json`,
    );
  addList(command, context, outcome);
  addShow(command, context, outcome);
  return command;
}

interface ListFlags extends AccountFlags {
  readonly state?: readonly KnownStatus[];
  readonly directory?: string;
  readonly since?: number;
  readonly limit?: number;
  readonly json?: true;
}

function addList(parent: Command, context: Context, outcome: Outcome): void {
  const command = parent
    .command("list", { isDefault: true })
    .summary("list jobs: this computer's, and those of the job queue")
    .description(
      "Lists the jobs started from this computer, and those of the job queue where AWS allows it, the newest first.",
    )
    .argument("[job...]", "list only these jobs")
    .optionsGroup("Which jobs:")
    .addOption(
      new Option(
        "--state <state>",
        "only jobs in this state, such as running or failed; repeatable",
      ).argParser(parseStates),
    )
    .option("--directory <directory>", "only jobs of this directory, and of those below it")
    .option("--since <time>", "only jobs submitted since: 12h, 7d, 2026-11-30", (text) =>
      parseSince(text, context.now()),
    )
    .addOption(
      new Option("--limit <count>", "so many at most (default: 30; with --json all)").argParser(parseCount),
    )
    .option("--json", "all that is known of them, for programs (docs/jobs.md)");
  addAccountOptions(command);
  command.addHelpText("after", IDS).action(async (ids: string[], flags: ListFlags) => {
    const { listCommand } = await import("../../runtimes/aws-batch/jobs/list.ts");
    const { state = [], directory, since, limit, json } = flags;
    const options = await jobsOptions(context, flags);
    outcome.exitStatus = await listCommand(context, {
      ...options,
      ...{ ids, states: state, directory, since, limit, json: json === true },
    });
  });
}

interface ShowFlags extends AccountFlags {
  readonly json?: true;
}

function addShow(parent: Command, context: Context, outcome: Outcome): void {
  const command = parent
    .command("show")
    .summary("show all that is known of a job, and why it waits or failed")
    .description(
      "Shows all that is known of a job: how it went, why it waits or failed, and what can be done.",
    )
    .argument("[job...]", "the jobs (default: last)")
    .option("--json", "for programs (docs/jobs.md)");
  addAccountOptions(command);
  command.addHelpText("after", IDS).action(async (ids: string[], flags: ShowFlags) => {
    const { showCommand } = await import("../../runtimes/aws-batch/jobs/show.ts");
    const options = await jobsOptions(context, flags);
    const json = flags.json === true;
    outcome.exitStatus = await showCommand(context, { ...options, ids: orLast(ids), json });
  });
}

function orLast(ids: readonly string[]): readonly string[] {
  return ids.length > 0 ? ids : ["last"];
}
