import { fromEnv, fromNodeProviderChain } from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@smithy/types";
import type { Context } from "../cli/context.ts";
import { UserError } from "../errors.ts";
import type { Sourced } from "../settings.ts";
import { explainAwsError, isTransient, NO_CREDENTIALS } from "./errors.ts";
import { noteOutage } from "./outage.ts";

/** How the services that hand out credentials (STS, SSO) are reached. */
type ClientConfiguration = NonNullable<Parameters<typeof fromNodeProviderChain>[0]>["clientConfig"];

/**
 * Where credentials come from, as boto3 orders it: keys in the environment, then the profile (keys, a process, SSO, a
 * role to assume), a web identity, the container's or instance's role. What fails is told by the profile's name.
 */
export function findCredentials(
  { env, now }: Pick<Context, "env" | "now">,
  profile: Sourced<string> | undefined,
  clientConfig: ClientConfiguration,
): AwsCredentialIdentityProvider {
  if (haveFixedCredentials({ env })) return fromEnv();
  const outage = noteOutage(now);
  const chain = fromNodeProviderChain({
    ...(profile === undefined ? {} : { profile: profile.value }),
    clientConfig: { ...clientConfig, logger: outage.logger },
    // Asked for only once in a while: to begin with, and when AWS no longer takes what there was.
    ignoreCache: true,
  });
  return async (options): Promise<AwsCredentialIdentity> => {
    try {
      return await chain(options);
    } catch (error) {
      const unreachable = isOfProvider(error) ? outage.failure() : undefined;
      throw unreachable ?? explain(error, profile);
    }
  };
}

function isOfProvider(error: unknown): boolean {
  return error instanceof Error && NO_CREDENTIALS.has(error.name);
}

function explain(error: unknown, profile: Sourced<string> | undefined): unknown {
  // Trouble on the way to STS or SSO passes, and the request is tried again.
  if (isTransient(error) || !(error instanceof Error)) return error;
  const named = profile && `the profile "${profile.value}" (from ${profile.source})`;
  if (!isOfProvider(error)) {
    return explainAwsError(error, `get credentials ${named ? `from ${named}` : "for AWS"}`);
  }
  if (/\bsso\b/i.test(error.message) || error.name === "TokenProviderError") {
    const login = profile ? `aws sso login --profile ${profile.value}` : "aws sso login";
    return new UserError(
      `You are not logged in to AWS with SSO, or no longer${named ? `, for ${named}` : ""}.`,
      {
        hint: `Run \`${login}\`, then try again.`,
        cause: error,
      },
    );
  }
  if (named === undefined) return error;
  return new UserError(`No AWS credentials were found in ${named}.`, {
    hint: "`aws configure list-profiles` shows the profiles that there are, and `aws configure list` what is used of one.",
    cause: error,
  });
}

/** Whether the credentials are given once and for all: nobody can renew the environment of a program that runs. */
export function haveFixedCredentials({ env }: Pick<Context, "env">): boolean {
  return Boolean(env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY);
}
