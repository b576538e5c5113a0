import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { Context } from "../../cli/context.ts";
import type { KnownStatus } from "../../runtimes/aws-batch/jobs/known-job.ts";
import type { JobsOptions } from "../../runtimes/aws-batch/jobs/options.ts";
import { openSettings, requiredSetting, type SettingsReader, settings } from "../../settings.ts";
import { type NotifyFlags, notifyOptions } from "../build/notify-options.ts";
import { settingOption } from "../build/options.ts";

/** What ids may be, in the help of each command. */
export const IDS = `
A job is named by its id or by that of its run, by any beginning of these that
fits one job only, or by \`last\`, the newest build started from this computer.`;

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
  return resolveAccount(await openSettings(context), flags);
}

async function resolveAccount(reader: SettingsReader, flags: AccountFlags): Promise<JobsOptions> {
  const { parsePatience } = await import("../../runtimes/aws-batch/patience.ts");
  return {
    localAws: flags.localAws === true,
    queue: requiredSetting(reader, "awsBatchQueue", flags.awsBatchQueue),
    bucket: requiredSetting(reader, "awsBatchS3Bucket", flags.awsBatchS3Bucket),
    patience: parsePatience(requiredSetting(reader, "awsBatchPatience", undefined)),
  };
}

/** As {@link jobsOptions}, for commands that wait for jobs to end. */
export async function followOptions(context: Context, flags: AccountFlags & NotifyFlags) {
  const reader = await openSettings(context);
  return { ...(await resolveAccount(reader, flags)), notify: notifyOptions(reader, flags) };
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

/** The absolute path of a file or directory that an option names. */
export function absolute({ cwd }: Context, path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(cwd, path);
}
