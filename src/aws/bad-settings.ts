import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import type { Context } from "../cli/context.ts";
import { UserError } from "../errors.ts";
import type { Sourced } from "../settings.ts";

/** A label of a host name (RFC 1123), which regions become a part of. */
const HOST_LABEL = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/;
const ENDPOINT_VARIABLE = /^AWS_ENDPOINT_URL(_[A-Z0-9_]+)?$/;
/** Names of settings in a client's configuration that come from variables or `~/.aws/config`, read when they are asked for. */
const LATE_SETTINGS: readonly string[] = [
  "defaultsMode",
  "disableMultiregionAccessPoints",
  "disableS3ExpressSessionAuth",
  "requestChecksumCalculation",
  "responseChecksumValidation",
  "retryMode",
  "useArnRegion",
  "useDualstackEndpoint",
  "useFipsEndpoint",
];

/** Throws UserError where a region can't be one, and would lead somewhere else than to AWS. */
export function checkRegion({ value, source }: Sourced<string>): void {
  if (HOST_LABEL.test(value)) return;
  throw new UserError(`“${value}” is not an AWS region (from ${source}).`, {
    hint: "Name a region such as us-east-1.",
  });
}

/** Throws UserError where an endpoint, of the environment or the profile, is no URL of a server. */
export async function checkEndpoints(context: Context, profile: string | undefined): Promise<void> {
  const { configFile } = await loadSharedConfigFiles();
  const name = profile ?? "default";
  const own = configFile[name];
  const services = own?.services === undefined ? undefined : configFile[`services.${own.services}`];
  const configured = [
    ["endpoint_url", own?.endpoint_url] as const,
    ...Object.entries(services ?? {}).filter(([key]) => key.endsWith("endpoint_url")),
  ].map(([key, url]) => [`${key} of the profile "${name}"`, url] as const);
  const variables = Object.entries(context.env).filter(([variable]) => ENDPOINT_VARIABLE.test(variable));
  for (const [source, url] of [...variables, ...configured]) {
    if (!url || isServer(url)) continue;
    throw new UserError(`“${url}” is not the URL of a server (from ${source}).`, {
      hint: "It should look like https://s3.example.org. Without it AWS itself is used.",
    });
  }
}

function isServer(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (url?.protocol === "http:" || url?.protocol === "https:") && url.hostname !== "";
}

/** Throws UserError where the SDK doesn't understand one of its settings: it would say so only in the middle of things. */
export async function checkLateSettings(client: { readonly config: object }): Promise<void> {
  for (const [name, setting] of Object.entries(client.config)) {
    if (!LATE_SETTINGS.includes(name) || typeof setting !== "function") continue;
    try {
      await setting();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError(`A setting of AWS's can't be used: ${reason.replace(/\.$/, "")}.`, {
        hint: "Correct or unset it: a variable that begins with AWS_, or a line in ~/.aws/config.",
        cause: error,
      });
    }
  }
}
