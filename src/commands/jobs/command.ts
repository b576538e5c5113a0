import { Command, Option } from "commander";
import type { Outcome } from "../../cli/command-maker.ts";
import type { Context } from "../../cli/context.ts";
import type { KnownStatus } from "../../runtimes/aws-batch/jobs/known-job.ts";
import { addAttach, addWatch } from "./follow.ts";
import {
  type AccountFlags,
  absolute,
  addAccountOptions,
  IDS,
  jobsOptions,
  parseCount,
  parsePattern,
  parseStates,
} from "./options.ts";
import { parseAgeOption, parseSince } from "./since.ts";

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
  nextstrain jobs show last
  nextstrain jobs logs -f last
  nextstrain jobs watch
  nextstrain jobs download 1a2b3c4d 5e6f7a8b`,
    );
  addList(command, context, outcome);
  addShow(command, context, outcome);
  addLogs(command, context, outcome);
  addAttach(command, context, outcome);
  addCancel(command, context, outcome);
  addDownload(command, context, outcome);
  addWatch(command, context, outcome);
  addReport(command, context, outcome);
  addPrune(command, context, outcome);
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

interface LogsFlags extends AccountFlags {
  readonly follow?: true;
  readonly since?: number;
  readonly grep?: RegExp;
  readonly json?: true;
}

function addLogs(parent: Command, context: Context, outcome: Outcome): void {
  const command = parent
    .command("logs")
    .summary("print a job's log")
    .description("Prints the log of a job, of all its attempts one after the other.")
    .argument("[job]", "the job", "last")
    .option("-f, --follow", "go on until the job has ended; Control-C leaves it alone")
    .option("--since <time>", "only lines since: 10m, 2h, 2026-11-30T12:00", (text) =>
      parseSince(text, context.now()),
    )
    .addOption(
      new Option("--grep <pattern>", "only lines that match this regular expression").argParser(parsePattern),
    )
    .option("--json", "an object of JSON for each line (docs/jobs.md)");
  addAccountOptions(command);
  command.addHelpText("after", IDS).action(async (id: string, flags: LogsFlags) => {
    const { logsCommand } = await import("../../runtimes/aws-batch/jobs/logs.ts");
    const { follow, since, grep, json } = flags;
    const options = await jobsOptions(context, flags);
    outcome.exitStatus = await logsCommand(context, {
      ...options,
      ...{ id, follow: follow === true, since, grep, json: json === true },
    });
  });
}

function addCancel(parent: Command, context: Context, outcome: Outcome): void {
  const command = parent
    .command("cancel")
    .summary("stop jobs")
    .description("Stops jobs, and waits until they have stopped. What is on AWS of them stays there.")
    .argument("<job...>", "the jobs");
  addAccountOptions(command);
  command.addHelpText("after", IDS).action(async (ids: string[], flags: AccountFlags) => {
    const { cancelCommand } = await import("../../runtimes/aws-batch/jobs/cancel.ts");
    const options = await jobsOptions(context, flags);
    outcome.exitStatus = await cancelCommand(context, { ...options, ids });
  });
}

interface DownloadFlags extends AccountFlags {
  readonly into?: string;
}

function addDownload(parent: Command, context: Context, outcome: Outcome): void {
  const command = parent
    .command("download")
    .summary("bring the results of jobs that have ended back")
    .description(
      "Brings back what jobs that have ended changed, to where their builds were started. Nothing of yours is overwritten, as with `nextstrain build`.",
    )
    .argument("[job...]", "the jobs (default: last)")
    .option("--into <directory>", "bring the results of one job to this directory instead");
  addAccountOptions(command);
  command.addHelpText("after", IDS).action(async (ids: string[], flags: DownloadFlags) => {
    const { downloadCommand } = await import("../../runtimes/aws-batch/jobs/download.ts");
    const options = await jobsOptions(context, flags);
    const into = absolute(context, flags.into);
    outcome.exitStatus = await downloadCommand(context, { ...options, ids: orLast(ids), into });
  });
}

interface ReportFlags extends AccountFlags {
  readonly output?: string;
  readonly json?: true;
  readonly watch?: true;
}

function addReport(parent: Command, context: Context, outcome: Outcome): void {
  const command = parent
    .command("report")
    .summary("write a page about a job: where its time went, and what failed")
    .description(
      "Writes one page of HTML about a job, also while it runs: its states, a bar for each Snakemake job, cores in use, the longest rules, and why it failed. It needs nothing from elsewhere.",
    )
    .argument("[job]", "the job", "last")
    .option("--output <file>", "write it here (default: nextstrain-report-<id>.html)")
    .option("--watch", "rewrite it until the job has ended; a browser that shows it follows")
    .addOption(
      new Option("--json", "print its data instead, for programs (docs/jobs.md)").conflicts([
        "output",
        "watch",
      ]),
    );
  addAccountOptions(command);
  command.addHelpText("after", IDS).action(async (id: string, flags: ReportFlags) => {
    const { reportCommand } = await import("../../runtimes/aws-batch/jobs/report.ts");
    const options = await jobsOptions(context, flags);
    outcome.exitStatus = await reportCommand(context, {
      ...options,
      ...{ id, output: absolute(context, flags.output) },
      ...{ json: flags.json === true, watch: flags.watch === true },
    });
  });
}

interface PruneFlags {
  readonly olderThan?: number;
  readonly dryRun?: true;
}

function addPrune(parent: Command, context: Context, outcome: Outcome): void {
  parent
    .command("prune")
    .summary("forget builds whose results are gone from AWS")
    .description(
      "Removes this computer's records of builds whose results the bucket has deleted by now. Nothing on AWS is touched, and no result that is here.",
    )
    .option(
      "--older-than <age>",
      "records of builds that ended so long ago (90d) and whose results are at home, too",
      parseAgeOption,
    )
    .option("--dry-run", "say what would be removed, and remove nothing")
    .action(async ({ olderThan, dryRun }: PruneFlags) => {
      const { pruneCommand } = await import("../../runtimes/aws-batch/jobs/prune.ts");
      outcome.exitStatus = await pruneCommand(context, { olderThan, dryRun: dryRun === true });
    });
}

function orLast(ids: readonly string[]): readonly string[] {
  return ids.length > 0 ? ids : ["last"];
}
