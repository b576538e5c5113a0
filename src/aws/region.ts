import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import type { Context } from "../cli/context.ts";
import type { Sourced } from "../settings.ts";

/** The profile of `~/.aws/config` in use: `AWS_DEFAULT_PROFILE` before `AWS_PROFILE`, as in boto3. */
export function findProfile(context: Context): Sourced<string> | undefined {
  for (const source of ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"]) {
    const value = context.env[source];
    if (value) return { value, source };
  }
  return undefined;
}

/**
 * The AWS region: `AWS_DEFAULT_REGION` (what this program's users are told to set), `AWS_REGION`, the profile's,
 * us-east-1. Warns where the two variables disagree.
 */
export async function findRegion(context: Context): Promise<Sourced<string>> {
  const { AWS_DEFAULT_REGION: preferred, AWS_REGION: other } = context.env;
  if (preferred) {
    if (other && other !== preferred) {
      context.io.warn(
        `AWS_DEFAULT_REGION (${preferred}) and AWS_REGION (${other}) differ: using ${preferred}.`,
      );
    }
    return { value: preferred, source: "AWS_DEFAULT_REGION" };
  }
  if (other) return { value: other, source: "AWS_REGION" };
  const profile = findProfile(context)?.value ?? "default";
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const configured = configFile[profile]?.region ?? credentialsFile[profile]?.region;
  return configured
    ? { value: configured, source: `profile "${profile}" of the AWS configuration` }
    : { value: "us-east-1", source: "the default" };
}
