import { fromEnv, fromNodeProviderChain } from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@smithy/types";
import type { Context } from "../cli/context.ts";
import { UserError } from "../errors.ts";
import type { Sourced } from "../settings.ts";
import { credentialFailure } from "./credential-failure.ts";
import { explainAwsError, isTransient, NO_CREDENTIALS } from "./errors.ts";
import { createFollower, isForUs } from "./follow-route.ts";
import { noteOutage } from "./outage.ts";
import { type CredentialSource, readRoute } from "./profile-route.ts";
import { shareCredentials } from "./shared-credentials.ts";

/** How the services that hand out credentials (STS, SSO) are reached. */
type ClientConfiguration = NonNullable<Parameters<typeof fromNodeProviderChain>[0]>["clientConfig"];

/**
 * Where credentials come from, as boto3 orders it: keys in the environment, then the profile (keys, a process, SSO, a
 * role to assume), a web identity, the container's or instance's role. What fails is told by the profile's name.
 */
export function findCredentials(
  context: Context,
  profile: Sourced<string> | undefined,
  { clientConfig, region }: { readonly clientConfig: ClientConfiguration; readonly region: string },
): AwsCredentialIdentityProvider {
  if (haveFixedCredentials(context)) return fromEnv();
  const outage = noteOutage(context.now);
  const reach = { region, clientConfig: { ...clientConfig, logger: outage.logger } };
  const chain = fromNodeProviderChain({
    ...(profile === undefined ? {} : { profile: profile.value }),
    clientConfig: reach.clientConfig,
    // Asked for only once in a while: to begin with, and when AWS no longer takes what there was.
    ignoreCache: true,
  });
  const follow = createFollower(context, reach);
  return shareCredentials(async (options): Promise<AwsCredentialIdentity> => {
    const route = await readRoute(profile?.value ?? "default");
    try {
      return route !== undefined && isForUs(route) ? await follow(route) : await chain(options);
    } catch (error) {
      const unreachable = isOfProvider(error) ? outage.failure() : undefined;
      throw unreachable ?? explain(error, profile, route?.source);
    }
  }, context.now);
}

function isOfProvider(error: unknown): boolean {
  return error instanceof Error && NO_CREDENTIALS.has(error.name);
}

function explain(
  error: unknown,
  profile: Sourced<string> | undefined,
  source: CredentialSource | undefined,
): unknown {
  // Trouble on the way to STS or SSO passes, and the request is tried again.
  if (isTransient(error) || !(error instanceof Error)) return error;
  const named = profile && `the profile "${profile.value}" (from ${profile.source})`;
  const { syscall, path, code } = error as NodeJS.ErrnoException;
  if (syscall !== undefined && path !== undefined) {
    return credentialFailure(
      `The credentials of ${named ?? "AWS's settings"} need the file ${path}, which can't be read (${code}).`,
      "Check the setting that names it, such as web_identity_token_file in ~/.aws/config or AWS_WEB_IDENTITY_TOKEN_FILE.",
    );
  }
  if (!isOfProvider(error)) {
    return explainAwsError(error, `get credentials ${named ? `from ${named}` : "for AWS"}`);
  }
  const login = loginOf(error, source);
  if (login !== undefined) {
    const { how, command } = login;
    // The one that the profile in use takes its first credentials from.
    const at = source?.kind === "profile" ? source.profile : profile?.value;
    const option = at === undefined || at === "default" ? "" : ` --profile ${at}`;
    return new UserError(
      `You are not logged in to AWS${how}, or no longer${named ? `, for ${named}` : ""}.`,
      {
        hint: `Run \`${command}${option}\`, then try again.`,
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

/** How to log in, where that is what is missing. */
function loginOf(error: Error, source: CredentialSource | undefined) {
  const login = source?.kind === "profile" ? source.login : undefined;
  if (login === "aws login") return { how: "", command: "aws login" };
  const bySso = login === "sso" || /\bsso\b/i.test(error.message) || error.name === "TokenProviderError";
  return bySso ? { how: " with SSO", command: "aws sso login" } : undefined;
}

/** Whether the credentials are given once and for all: nobody can renew the environment of a program that runs. */
export function haveFixedCredentials({ env }: Pick<Context, "env">): boolean {
  return Boolean(env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY);
}
