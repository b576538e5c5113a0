import { createHash } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AwsCredentialIdentity } from "@smithy/types";
import type { Context } from "../cli/context.ts";
import { makeDirectory } from "../cli/make-directory.ts";
import type { RoleStep } from "./profile-route.ts";

/**
 * The sessions of roles that the `aws` command keeps in `~/.aws/cli/cache`: one that was begun there needs no other MFA code here,
 * and the other way round.
 */
export interface RoleSessions {
  /** Undefined where there is none that goes on for so many milliseconds. */
  find(role: RoleStep, atLeast: number): Promise<AwsCredentialIdentity | undefined>;
  /** Not worth failing for: without it the code is asked for again next time. */
  keep(role: RoleStep, session: AwsCredentialIdentity): Promise<void>;
}

export function openRoleSessions({ home, now }: Pick<Context, "home" | "now">): RoleSessions {
  const directory = join(home, ".aws", "cli", "cache");
  const fileOf = (role: RoleStep) => join(directory, `${cacheKey(role)}.json`);
  return {
    async find(role, atLeast) {
      const text = await readFile(fileOf(role), "utf8").catch(() => "");
      const session = parseSession(text);
      const end = session?.expiration?.getTime() ?? 0;
      return end - now() >= atLeast ? session : undefined;
    },
    async keep(role, session) {
      const file = fileOf(role);
      const temporary = `${file}.${process.pid}`;
      try {
        await makeDirectory(directory, 0o700);
        await writeFile(temporary, renderSession(session), { mode: 0o600 });
        await rename(temporary, file);
      } catch {
        await rm(temporary, { force: true }).catch(() => {});
      }
    },
  };
}

/** As botocore has it (AssumeRoleCredentialFetcher): SHA-1 of the request's parameters as Python's `json.dumps(…, sort_keys=True)`. */
export function cacheKey(role: RoleStep): string {
  const { roleArn, sessionName, externalId, durationSeconds, mfaSerial } = role;
  const parameters = {
    DurationSeconds: durationSeconds,
    ExternalId: externalId,
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    SerialNumber: mfaSerial,
  };
  const members = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`"${name}": ${asciiJson(value)}`],
  );
  return createHash("sha1")
    .update(`{${members.join(", ")}}`)
    .digest("hex");
}

/** JSON as Python writes it: other characters than ASCII's are escaped. */
function asciiJson(value: string | number): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, escaped);
}

function parseSession(text: string): AwsCredentialIdentity | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { Credentials } = (data ?? {}) as { readonly Credentials?: Readonly<Record<string, unknown>> };
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
  if (typeof AccessKeyId !== "string" || typeof SecretAccessKey !== "string") return undefined;
  if (typeof SessionToken !== "string" || typeof Expiration !== "string") return undefined;
  // The `aws` command writes "2026-01-15T12:00:00UTC" or an ISO 8601 offset.
  const expiration = new Date(Expiration.replace(/UTC$/, "Z"));
  if (Number.isNaN(expiration.getTime())) return undefined;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration,
  };
}

function renderSession({
  accessKeyId,
  secretAccessKey,
  sessionToken,
  expiration,
}: AwsCredentialIdentity): string {
  return JSON.stringify({
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: expiration?.toISOString().replace(/\.\d+Z$/, "Z"),
    },
  });
}
