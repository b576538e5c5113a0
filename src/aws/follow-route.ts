import {
  fromContainerMetadata,
  fromEnv,
  fromIni,
  fromInstanceMetadata,
  fromTemporaryCredentials,
} from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentity } from "@smithy/types";
import type { Context } from "../cli/context.ts";
import { askSecretly } from "../cli/secret-question.ts";
import { UserError } from "../errors.ts";
import { credentialFailure } from "./credential-failure.ts";
import { runCredentialProcess } from "./credential-process.ts";
import type { CredentialRoute, CredentialSource, RoleStep } from "./profile-route.ts";
import { openRoleSessions } from "./role-sessions.ts";

/** How STS is reached, and what goes by it. */
type ClientConfiguration = NonNullable<Parameters<typeof fromIni>[0]>["clientConfig"];

interface Reach {
  readonly clientConfig: ClientConfiguration;
  /** Where STS is asked, unless the role's profile has a region. */
  readonly region: string;
}

/** Milliseconds that a session has to go on for; the `aws` command asks for a code where it is less, too. */
const WORTH_USING = 15 * 60_000;

/** Whether the SDK can't go this way by itself: a program has to be run, or a person to be asked. */
export function isForUs({ roles, source }: CredentialRoute): boolean {
  return source.kind === "process" || roles.some(({ mfaSerial }) => mfaSerial !== undefined);
}

/** Gets the credentials at the end of routes. A person is asked once for each role, and not again while a build is watched. */
export function createFollower(context: Context, reach: Reach) {
  const sessions = openRoleSessions(context);
  const asked = new Set<string>();

  return follow;

  async function follow({ roles, source }: CredentialRoute): Promise<AwsCredentialIdentity> {
    const last = roles.at(-1);
    if (last === undefined) return fetchSource(context, source, reach);
    const before = { roles: roles.slice(0, -1), source };
    if (last.mfaSerial === undefined) return assume(last, await follow(before));
    const kept = await sessions.find(last, WORTH_USING);
    if (kept !== undefined) return kept;
    const mayAsk = context.io.question !== undefined && !asked.has(last.roleArn);
    const remainder = mayAsk ? undefined : await sessions.find(last, 1);
    if (remainder !== undefined) return remainder;
    if (!mayAsk) throw askElsewhere(last, asked.has(last.roleArn));
    asked.add(last.roleArn);
    const session = await assume(last, await follow(before), () => askForCode(context, last));
    await sessions.keep(last, session);
    return session;
  }

  async function assume(
    { roleArn, sessionName, externalId, durationSeconds, mfaSerial, region }: RoleStep,
    masterCredentials: AwsCredentialIdentity,
    mfaCodeProvider?: () => Promise<string>,
  ): Promise<AwsCredentialIdentity> {
    const provide = fromTemporaryCredentials({
      masterCredentials,
      params: {
        RoleArn: roleArn,
        RoleSessionName: sessionName ?? `nextstrain-${context.now()}`,
        ...(externalId === undefined ? {} : { ExternalId: externalId }),
        ...(durationSeconds === undefined ? {} : { DurationSeconds: durationSeconds }),
        ...(mfaSerial === undefined ? {} : { SerialNumber: mfaSerial }),
      },
      clientConfig: { ...reach.clientConfig, region: region ?? reach.region },
      ...(mfaCodeProvider === undefined ? {} : { mfaCodeProvider }),
    });
    return provide().catch((error: unknown) => {
      throw isWrongCode(error) ? wrongCode(mfaSerial ?? "", error) : error;
    });
  }
}

async function fetchSource(
  context: Context,
  source: CredentialSource,
  { clientConfig }: Reach,
): Promise<AwsCredentialIdentity> {
  switch (source.kind) {
    case "process":
      return runCredentialProcess(context, source);
    case "keys":
      return source;
    case "profile":
      return fromIni({ profile: source.profile, clientConfig, ignoreCache: true })();
    case "named":
      switch (source.name) {
        case "Environment":
          return fromEnv()();
        case "Ec2InstanceMetadata":
          return fromInstanceMetadata()();
        case "EcsContainer":
          return fromContainerMetadata()();
        default:
          throw credentialFailure(
            `"${source.name}" in the AWS configuration is not a credential_source.`,
            "It is Environment, Ec2InstanceMetadata or EcsContainer.",
          );
      }
  }
}

function askForCode(context: Context, { mfaSerial, profile }: RoleStep): Promise<string> {
  const question = `MFA code for ${mfaSerial} (profile ${profile})`;
  return askSecretly(context, question, (answer) =>
    /^\d{6}$/.test(answer.trim()) ? undefined : "The code has six digits.",
  ).then((answer) => answer.trim());
}

function askElsewhere({ profile, mfaSerial }: RoleStep, before: boolean): UserError {
  const command = `aws sts get-caller-identity --profile ${profile}`;
  return before
    ? credentialFailure(
        `The session of the profile "${profile}" that began with an MFA code has ended.`,
        `Begin another one in another terminal by \`${command}\`: it asks for the code, and is found here.`,
      )
    : credentialFailure(
        `The profile "${profile}" needs a code of the MFA device ${mfaSerial}, and there is no terminal to ask for it.`,
        `Run \`${command}\` in a terminal first: it asks for the code, and begins a session that is found here.`,
      );
}

/** STS has no code of its own for it: an AccessDenied with this sentence. */
function isWrongCode(error: unknown): boolean {
  return error instanceof Error && /^MultiFactorAuthentication failed/.test(error.message);
}

function wrongCode(serial: string, cause: unknown): UserError {
  return new UserError(`AWS does not accept this code of the MFA device ${serial}.`, {
    hint: "Each code works once: wait for the device to show the next one, and try again. Its clock has to be right, too.",
    cause,
  });
}
