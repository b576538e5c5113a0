import { type Command, InvalidArgumentError } from "commander";
import type { Context } from "../../cli/context.ts";
import type { KnownStatus } from "../../runtimes/aws-batch/jobs/known-job.ts";
import type { JobsOptions } from "../../runtimes/aws-batch/jobs/options.ts";
import { settings } from "../../settings.ts";
import { settingOption } from "../build/options.ts";

/** Options of all commands about jobs, as they were given. */
export interface AccountFlags {
  readonly localAws?: true;
  readonly awsBatchQueue?: string;
  readonly awsBatchS3Bucket?: string;
}

/** Gives a command the options that say where jobs are looked for beside this computer's records. */
export function addAccountOptions(command: Command): Command {
  return command
    .optionsGroup("Where jobs are looked for:")
    .option("--local-aws", "only on the stand-in for AWS on this computer")
    .addOption(settingOption(settings.awsBatchQueue))
    .addOption(settingOption(settings.awsBatchS3Bucket));
}

/** Resolves them. Throws UsageError. */
export async function jobsOptions(context: Context, flags: AccountFlags): Promise<JobsOptions> {
  const [{ openSettings, requiredSetting }, { parsePatience }] = await Promise.all([
    import("../../settings.ts"),
    import("../../runtimes/aws-batch/patience.ts"),
  ]);
  const reader = await openSettings(context);
  return {
    localAws: flags.localAws === true,
    queue: requiredSetting(reader, "awsBatchQueue", flags.awsBatchQueue),
    bucket: requiredSetting(reader, "awsBatchS3Bucket", flags.awsBatchS3Bucket),
    patience: parsePatience(requiredSetting(reader, "awsBatchPatience", undefined)),
  };
}

const STATES: readonly KnownStatus[] = [
  ...(["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"] as const),
  ...(["UNSUBMITTED", "UNKNOWN"] as const),
];

/** Parses `--state`, which may be given several times or name several states: `failed,succeeded`. */
export function parseStates(text: string, before: readonly KnownStatus[] = []): readonly KnownStatus[] {
  const states = text.split(",").map((name) => {
    const state = STATES.find((each) => each === name.trim().toUpperCase());
    if (state === undefined) throw new InvalidArgumentError(`There are ${STATES.join(", ")}.`);
    return state;
  });
  return [...before, ...states];
}

/** Parses a number of rows. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("Give a whole number from 1.");
  return Number(text);
}

/** Parses a regular expression. */
export function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    throw new InvalidArgumentError(`It is no regular expression: ${(error as Error).message}.`);
  }
}
