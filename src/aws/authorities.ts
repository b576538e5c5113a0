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
  if (found === undefined) return undefined;
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
  const { AWS_CA_BUNDLE: own, REQUESTS_CA_BUNDLE: general } = context.env;
  if (own) return { value: own, source: "AWS_CA_BUNDLE" };
  const profile = findProfile(context)?.value ?? "default";
  const { configFile } = await loadSharedConfigFiles();
  const configured = configFile[profile]?.ca_bundle;
  if (configured) {
    return { value: configured, source: `ca_bundle of the profile "${profile}" in the AWS configuration` };
  }
  return general ? { value: general, source: "REQUESTS_CA_BUNDLE" } : undefined;
}
