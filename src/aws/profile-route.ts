import { parseKnownFiles } from "@smithy/shared-ini-file-loader";

/** A role that is assumed on the way to a profile's credentials. */
export interface RoleStep {
  /** The profile that names it. */
  readonly profile: string;
  readonly roleArn: string;
  readonly sessionName: string | undefined;
  readonly externalId: string | undefined;
  readonly durationSeconds: number | undefined;
  /** Serial number, or name of resource, of the device that shows the codes. */
  readonly mfaSerial: string | undefined;
  readonly region: string | undefined;
}

/** Where the credentials are from with which the first role is assumed, or that are used as they are. */
export type CredentialSource =
  | { readonly kind: "process"; readonly profile: string; readonly command: string }
  | { readonly kind: "keys"; readonly accessKeyId: string; readonly secretAccessKey: string }
  /** `credential_source` of a role: `Environment`, `Ec2InstanceMetadata` or `EcsContainer`. */
  | { readonly kind: "named"; readonly name: string }
  /** What the SDK reads off a profile by itself; what people log in by, if that is how it works. */
  | { readonly kind: "profile"; readonly profile: string; readonly login: "sso" | "aws login" | undefined };

/** How a profile comes to its credentials. */
export interface CredentialRoute {
  /** The last one's credentials are the profile's. */
  readonly roles: readonly RoleStep[];
  readonly source: CredentialSource;
}

type Profile = Readonly<Record<string, string | undefined>>;

/** Reads the route off the AWS configuration; undefined where there is no such profile, or it leads nowhere. */
export async function readRoute(name: string): Promise<CredentialRoute | undefined> {
  return routeOf(await parseKnownFiles({ ignoreCache: true }), name);
}

/** See {@link readRoute}. */
export function routeOf(
  profiles: Readonly<Record<string, Profile>>,
  name: string,
): CredentialRoute | undefined {
  const roles: RoleStep[] = [];
  const seen = new Set<string>();
  for (let at = name; !seen.has(at); ) {
    seen.add(at);
    const profile = profiles[at];
    if (profile === undefined) return undefined;
    const role = roleOf(at, profile);
    if (role === undefined) return { roles, source: sourceOf(at, profile) };
    roles.unshift(role);
    const { source_profile: next, credential_source: named } = profile;
    if (named !== undefined) return { roles, source: { kind: "named", name: named } };
    // Its own keys.
    if (next === at) return withKeys(roles, profile);
    at = next ?? "";
  }
  return undefined;
}

function roleOf(name: string, profile: Profile): RoleStep | undefined {
  const { role_arn: roleArn, source_profile, credential_source } = profile;
  if (roleArn === undefined || (source_profile === undefined && credential_source === undefined)) {
    return undefined;
  }
  const duration = Number(profile.duration_seconds);
  return {
    profile: name,
    roleArn,
    sessionName: profile.role_session_name,
    externalId: profile.external_id,
    durationSeconds: Number.isInteger(duration) ? duration : undefined,
    mfaSerial: profile.mfa_serial,
    region: profile.region,
  };
}

function withKeys(roles: readonly RoleStep[], profile: Profile): CredentialRoute | undefined {
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = profile;
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { roles, source: { kind: "keys", accessKeyId, secretAccessKey } };
}

/** In the order in which the SDK looks. */
function sourceOf(name: string, profile: Profile): CredentialSource {
  const read = { kind: "profile", profile: name, login: undefined } as const;
  if (profile.aws_access_key_id !== undefined && profile.aws_secret_access_key !== undefined) return read;
  if (profile.web_identity_token_file !== undefined) return read;
  const { credential_process: command } = profile;
  if (command !== undefined) return { kind: "process", profile: name, command };
  if (profile.sso_session !== undefined || profile.sso_start_url !== undefined) {
    return { ...read, login: "sso" };
  }
  return profile.login_session === undefined ? read : { ...read, login: "aws login" };
}
