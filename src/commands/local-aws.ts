import { Command, InvalidArgumentError, Option } from "commander";
import type { LocalAws } from "../aws/local-aws.ts";
import type { HowJobsRun } from "../aws/local-aws-control.ts";
import type { Context } from "../cli/context.ts";
import { withControlsShown } from "../cli/control-characters.ts";
import { CancelledError, UserError } from "../errors.ts";
import {
  type FaultFlags,
  faultPlan,
  parseMilliseconds,
  parsePercent,
  parseSeed,
} from "./local-aws-faults.ts";
import { parsePort } from "./port.ts";

/** What the account may have other than the default one. */
const ACCOUNT_TRAITS: readonly string[] = ["fair-share", "tags-required", "ecs-properties"];

/** `nextstrain local-aws`: the AWS emulator on this computer. */
export function localAwsCommand(context: Context): Command {
  const command = new Command("local-aws")
    .summary("run an AWS emulator on this computer")
    .description(
      "Run an emulator of S3, AWS Batch and CloudWatch Logs on this computer. " +
        "It needs no account, costs nothing, and keeps its data in ~/.nextstrain/local-aws. " +
        "`nextstrain build --aws-batch --local-aws` starts it automatically.",
    )
    .addHelpText(
      "after",
      `
Example:
  nextstrain local-aws start
  eval "$(nextstrain local-aws env)"
  aws s3 ls s3://nextstrain-jobs`,
    );

  command
    .command("start")
    .summary("start it, unless it is running")
    .description("Start local AWS, unless it is running.")
    .option("--port <number>", "port to listen on (default: the same as last time)", parsePort)
    .option("--idle-minutes <number>", "exit after this many idle minutes; 0: never", parseMinutes)
    .addOption(
      new Option(
        "--executor <name>",
        "how to run jobs until it stops; auto: in containers if docker or podman works and has the image, else as processes",
      ).choices(["container", "process", "auto"]),
    )
    .option(
      "--stop-timeout <seconds>",
      "how long a job that is stopped may take to end (default: 30, as on ECS)",
      parseSeconds,
    )
    .option(
      "--account <trait>",
      `emulate a special account until it stops: ${ACCOUNT_TRAITS.join(", ")}; repeatable`,
      parseTrait,
    )
    .option("--faults <file>", "follow the fault plan in this JSON file")
    .option("--latency <ms>", "delay every response by this many milliseconds", parseMilliseconds)
    .option("--fail-rate <percent>", "make this share of requests fail, in various ways", parsePercent)
    .option("--seed <number>", "seed of random faults (default: 1)", parseSeed)
    .action((options: StartFlags) => start(context, options));

  command
    .command("stop")
    .summary("stop it, and end running jobs")
    .description("Stop local AWS, and end running jobs.")
    .action(() => stop(context));

  command
    .command("status")
    .summary("show whether it is running, where, and what it is doing")
    .description("Show whether local AWS is running, where, and what it is doing.")
    .option("--json", "print JSON")
    .action((options: { json?: true }) => status(context, options.json === true));

  command
    .command("env")
    .summary("print exports that make AWS clients in this shell use it")
    .description("Print exports that make AWS clients in this shell use local AWS, and start it if needed.")
    .option("--unset", "print commands that revert them")
    .action((options: { unset?: true }) => printEnvironment(context, options.unset === true))
    .addHelpText(
      "after",
      `
Example:
  eval "$(nextstrain local-aws env)"
  aws s3 ls s3://nextstrain-jobs
  eval "$(nextstrain local-aws env --unset)"

Versions of aws before 2.13 read no endpoint from the environment:
  aws --endpoint-url "$AWS_ENDPOINT_URL" s3 ls`,
    );

  command
    .command("reset")
    .summary("delete all buckets, jobs and logs; keep port and keys")
    .description("Delete all buckets, jobs, logs, users and policies of local AWS. Port and keys stay.")
    .option("--yes", "don't ask")
    .action((options: { yes?: true }) => reset(context, options.yes === true));

  return command;
}

interface StartFlags extends FaultFlags {
  readonly port?: number;
  readonly idleMinutes?: number;
  readonly executor?: string;
  readonly stopTimeout?: number;
  readonly account?: readonly string[];
}

async function start(context: Context, options: StartFlags): Promise<void> {
  const plan = await faultPlan(context, options);
  const { ensureLocalAws, inspectLocalAws, useFaultPlan } = await import("../aws/local-aws.ts");
  const running = await inspectLocalAws(context);
  const local = running?.local ?? (await ensureLocalAws(context, options));
  if (options.port !== undefined && local.port !== options.port) {
    throw new UserError(`Local AWS runs already, on port ${local.port}.`, {
      hint: `To move it: nextstrain local-aws stop && nextstrain local-aws start --port ${options.port}`,
    });
  }
  if (running && options.executor !== undefined && running.status.executor.choice !== options.executor) {
    throw new UserError(`Local AWS runs already, with --executor ${running.status.executor.choice}.`, {
      hint: `To change that: nextstrain local-aws stop && nextstrain local-aws start --executor ${options.executor}`,
    });
  }
  if (
    running &&
    options.stopTimeout !== undefined &&
    running.status.stopTimeoutSeconds !== options.stopTimeout
  ) {
    throw new UserError(`Local AWS runs already, with another --stop-timeout.`, {
      hint: `To change that: nextstrain local-aws stop && nextstrain local-aws start --stop-timeout ${options.stopTimeout}`,
    });
  }
  const missing = options.account?.filter((trait) => !running?.status.account?.includes(trait)) ?? [];
  if (running && missing.length > 0) {
    throw new UserError(`Local AWS runs already, without --account ${missing.join(", ")}.`, {
      hint: `To change that: nextstrain local-aws stop && nextstrain local-aws start ${missing.map((trait) => `--account ${trait}`).join(" ")}`,
    });
  }
  if (plan !== undefined) await useFaultPlan(context, plan);
  const how = running ? "runs already" : "runs";
  context.io.out(`Local AWS ${how} at ${local.endpoint} (process ${local.pid}).`);
  if (plan !== undefined) {
    context.io.out("It misbehaves as asked until it stops, or is started with --fail-rate 0.");
  }
  if (!running) context.io.out('To use it from any AWS client: eval "$(nextstrain local-aws env)"');
}

async function stop(context: Context): Promise<void> {
  const { stopLocalAws } = await import("../aws/local-aws.ts");
  const stopped = await stopLocalAws(context);
  context.io.out(stopped ? "Local AWS has stopped." : "Local AWS is not running.");
}

async function status(context: Context, asJson: boolean): Promise<void> {
  const { inspectLocalAws, localAwsDirectory } = await import("../aws/local-aws.ts");
  const found = await inspectLocalAws(context);
  if (asJson) {
    const stateDirectory = localAwsDirectory(context);
    const report = found
      ? { running: true, endpoint: found.local.endpoint, region: found.local.region, ...found.status }
      : { running: false, stateDirectory };
    context.io.out(JSON.stringify(report, undefined, 2));
    return;
  }
  if (!found) {
    context.io.out("Local AWS is not running.");
    return;
  }
  const { local, status: said } = found;
  const requests = Object.values(said.requests).flatMap((operations) => Object.values(operations));
  for (const [name, value] of [
    ["Endpoint", local.endpoint],
    ["Region", local.region],
    ["Process", `${said.pid}, since ${said.started}, version ${said.version}`],
    ["State", said.stateDirectory],
    ["Jobs run by", describeExecutor(said.executor)],
    ["Living jobs", said.livingJobs],
    ["Requests", requests.reduce((sum, count) => sum + count, 0)],
  ] as const) {
    context.io.out(`${`${name}:`.padEnd(13)}${value}`);
  }
}

function describeExecutor({ by, detail }: HowJobsRun): string {
  return by === "containers" ? `containers, by ${detail}` : `processes: ${detail}`;
}

async function printEnvironment(context: Context, unset: boolean): Promise<void> {
  const { exportLines, unsetLines } = await import("../aws/local-aws-environment.ts");
  if (unset) {
    for (const line of unsetLines()) context.io.out(line);
    return;
  }
  const { ensureLocalAws } = await import("../aws/local-aws.ts");
  const local: LocalAws = await ensureLocalAws(context);
  for (const line of exportLines(local, context.env)) context.io.out(line);
}

async function reset(context: Context, yes: boolean): Promise<void> {
  const { localAwsDirectory, resetLocalAws } = await import("../aws/local-aws.ts");
  const directory = localAwsDirectory(context);
  if (!yes) await confirmReset(context, directory);
  await resetLocalAws(context);
  context.io.out("Local AWS is empty again. Its port and keys are as before.");
}

async function confirmReset(context: Context, directory: string): Promise<void> {
  if (!context.io.inIsTerminal || !context.io.outIsTerminal) {
    throw new UserError(`This deletes all buckets, jobs and logs of local AWS in ${directory}.`, {
      hint: "Where nobody can be asked, --yes is needed: nextstrain local-aws reset --yes",
    });
  }
  const { confirm } = await import("@clack/prompts");
  const message = `Delete all buckets, jobs and logs of local AWS in ${withControlsShown(directory, { keepColours: false })}?`;
  const answer = await confirm({ message, initialValue: false, signal: context.signal });
  if (answer !== true) throw new CancelledError("Nothing was deleted.");
}

function parseTrait(text: string, before: readonly string[] = []): readonly string[] {
  if (ACCOUNT_TRAITS.includes(text)) return [...before, text];
  throw new InvalidArgumentError(`Allowed choices are ${ACCOUNT_TRAITS.join(", ")}.`);
}

function parseSeconds(text: string): number {
  if (/^\d+$/.test(text) && Number(text) > 0 && Number(text) <= 86_400) return Number(text);
  throw new InvalidArgumentError("Give a whole number of seconds from 1 to 86,400.");
}

function parseMinutes(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError("Give a number of minutes.");
  return Number(text);
}
