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

/** `nextstrain local-aws`: the stand-in for AWS on this computer. */
export function localAwsCommand(context: Context): Command {
  const command = new Command("local-aws")
    .summary("a stand-in for AWS on this computer")
    .description(
      "Runs a stand-in for S3, AWS Batch and CloudWatch Logs on this computer. " +
        "It needs no account, costs nothing, and keeps its data under ~/.nextstrain/local-aws. " +
        "`nextstrain build --aws-batch --local-aws` starts it by itself.",
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
    .description("start it, unless it runs already")
    .option("--port <number>", "port to listen on (default: that of the last time)", parsePort)
    .option(
      "--idle-minutes <number>",
      "minutes without anything to do before it leaves; 0: never",
      parseMinutes,
    )
    .addOption(
      new Option(
        "--executor <name>",
        "what runs jobs until it stops; auto: containers where docker or podman works and has the image, else processes",
      ).choices(["container", "process", "auto"]),
    )
    .option(
      "--account <trait>",
      `be an account that isn't like others until it stops: ${ACCOUNT_TRAITS.join(", ")}; repeatable`,
      parseTrait,
    )
    .option("--faults <file>", "misbehave as the fault plan in this JSON file says")
    .option("--latency <ms>", "answer each request so many milliseconds late", parseMilliseconds)
    .option("--fail-rate <percent>", "let so many requests in a hundred fail, in various ways", parsePercent)
    .option("--seed <number>", "for chance to repeat itself (default: 1)", parseSeed)
    .action((options: StartFlags) => start(context, options));

  command
    .command("stop")
    .description("stop it; jobs that still run are ended")
    .action(() => stop(context));

  command
    .command("status")
    .description("say whether it runs, where, and what it is doing")
    .option("--json", "for programs")
    .action((options: { json?: true }) => status(context, options.json === true));

  command
    .command("env")
    .description("print exports with which any AWS client in this shell talks to it; starts it if needed")
    .option("--unset", "print what takes them back")
    .action((options: { unset?: true }) => printEnvironment(context, options.unset === true))
    .addHelpText(
      "after",
      `
Example:
  eval "$(nextstrain local-aws env)"
  aws s3 ls s3://nextstrain-jobs
  eval "$(nextstrain local-aws env --unset)"

An aws command older than 2.13 takes no endpoint from the environment:
  aws --endpoint-url "$AWS_ENDPOINT_URL" s3 ls`,
    );

  command
    .command("reset")
    .description("delete all its buckets, jobs and logs; its port and keys stay")
    .option("--yes", "do not ask")
    .action((options: { yes?: true }) => reset(context, options.yes === true));

  return command;
}

interface StartFlags extends FaultFlags {
  readonly port?: number;
  readonly idleMinutes?: number;
  readonly executor?: string;
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

function parseMinutes(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError("Give a number of minutes.");
  return Number(text);
}
