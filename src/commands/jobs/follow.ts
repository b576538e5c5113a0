import type { Command } from "commander";
import type { Outcome } from "../../cli/command-maker.ts";
import type { Context } from "../../cli/context.ts";
import { addNotifyOptions, type NotifyFlags } from "../build/notify-options.ts";
import { type AccountFlags, absolute, addAccountOptions, followOptions, IDS } from "./options.ts";

interface AttachFlags extends AccountFlags, NotifyFlags {
  readonly logs: boolean;
  readonly download: boolean;
  readonly into?: string;
  readonly detachOnInterrupt?: true;
}

/** `nextstrain jobs attach` */
export function addAttach(parent: Command, context: Context, outcome: Outcome): void {
  const command = parent
    .command("attach")
    .summary("follow a job, and bring its results back, as `build --attach`")
    .description(
      "Takes up a job: shows its log, and brings its results back when it has ended, to where the build was started. Keys and exit status are those of `nextstrain build`.",
    )
    .argument("[job]", "the job", "last")
    .option("--into <directory>", "bring the results to this directory instead")
    .option("--no-download", "leave the results on AWS")
    .option("--no-logs", "don't show the job's log")
    .option("--detach-on-interrupt", "Control-C detaches instead of cancelling the job");
  addNotifyOptions(command);
  addAccountOptions(command);
  command.addHelpText("after", IDS).action(async (id: string, flags: AttachFlags) => {
    const { attachCommand } = await import("../../runtimes/aws-batch/jobs/attach.ts");
    const { logs, download, into, detachOnInterrupt } = flags;
    const options = await followOptions(context, flags);
    outcome.exitStatus = await attachCommand(context, {
      ...options,
      ...{ id, logs, download, into: absolute(context, into) },
      detachOnInterrupt: detachOnInterrupt === true,
    });
  });
}

interface WatchFlags extends AccountFlags, NotifyFlags {
  readonly download: boolean;
  readonly json?: true;
}

/** `nextstrain jobs watch` */
export function addWatch(parent: Command, context: Context, outcome: Outcome): void {
  const command = parent
    .command("watch")
    .summary("watch many jobs, and bring the results of each back as it ends")
    .description(
      "Watches jobs until all have ended, and brings the results of each back as it ends, to where its build was started. Control-C leaves the jobs alone. On a terminal, keys choose a job, open its log and cancel it; the last line names them. Exit status 1 where one failed.",
    )
    .argument("[job...]", "the jobs (default: all that were started from this computer and haven't ended)")
    .option("--no-download", "leave the results on AWS")
    .option("--json", "an object of JSON for each event, on a line (docs/jobs.md)");
  addNotifyOptions(command);
  addAccountOptions(command);
  command.addHelpText("after", IDS).action(async (ids: string[], flags: WatchFlags) => {
    const { watchCommand } = await import("../../runtimes/aws-batch/jobs/watch.ts");
    const options = await followOptions(context, flags);
    const { download, json } = flags;
    outcome.exitStatus = await watchCommand(context, { ...options, ids, download, json: json === true });
  });
}
