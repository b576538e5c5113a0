import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import type { Context } from "../cli/context.ts";
import { UserError } from "../errors.ts";
import type { Sourced } from "../settings.ts";
import { findProfile } from "./region.ts";

/**
 * The certificates to trust in place of the usual authorities', in PEM: `AWS_CA_BUNDLE`, the profile's `ca_bundle`,
 * `REQUESTS_CA_BUNDLE`, as boto3 orders them. Undefined where none is set. Throws UserError where the file is no such thing.
 */
export async function readAuthorities(context: Context): Promise<string | undefined> {
  const found = await findBundle(context);
  return found && readBundle(context, found);
}

/** The same for servers other than AWS's: `REQUESTS_CA_BUNDLE`, which programs in Python go by, too. Throws UserError. */
export async function readGeneralAuthorities(context: Context): Promise<string | undefined> {
  const found = generalBundle(context);
  return found && readBundle(context, found);
}

async function readBundle(context: Context, found: Sourced<string>): Promise<string> {
  const path = resolve(context.cwd, found.value.replace(/^~(?=\/|$)/, context.home));
  const hint = "It should name a file of certificates in PEM format.";
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new UserError(`The certificates ${path} (from ${found.source}) can't be read.`, { hint, cause });
  });
  if (!text.includes("-----BEGIN ")) {
    throw new UserError(`${path} (from ${found.source}) holds no certificates.`, { hint });
  }
  return text;
}

async function findBundle(context: Context): Promise<Sourced<string> | undefined> {
  const { AWS_CA_BUNDLE: own } = context.env;
  if (own) return { value: own, source: "AWS_CA_BUNDLE" };
  const profile = findProfile(context)?.value ?? "default";
  const { configFile } = await loadSharedConfigFiles();
  const configured = configFile[profile]?.ca_bundle;
  if (configured) {
    return { value: configured, source: `ca_bundle of the profile "${profile}" in the AWS configuration` };
  }
  return generalBundle(context);
}

function generalBundle({ env }: Context): Sourced<string> | undefined {
  const source = "REQUESTS_CA_BUNDLE";
  const value = env[source];
  return value ? { value, source } : undefined;
}
