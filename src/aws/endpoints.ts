import type { S3Client } from "@aws-sdk/client-s3";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import type { InitializeHandler, InitializeHandlerArguments } from "@smithy/types";
import type { Context } from "../cli/context.ts";
import { findProfile } from "./region.ts";

/**
 * The server that Batch's requests go to in place of AWS, as the SDK finds it ("Service-specific endpoints", AWS SDKs and Tools
 * Reference Guide); undefined where they go to AWS.
 */
export async function findEndpoint(context: Context): Promise<string | undefined> {
  const { AWS_ENDPOINT_URL_BATCH: own, AWS_ENDPOINT_URL: general } = context.env;
  if (own || general) return own || general;
  const { configFile } = await loadSharedConfigFiles();
  const profile = configFile[findProfile(context)?.value ?? "default"];
  const services = profile?.services === undefined ? undefined : configFile[`services.${profile.services}`];
  return services?.["batch.endpoint_url"] ?? profile?.endpoint_url;
}

/** The region that S3 is asked in: at first the account's, then the one that the bucket says it is in. */
export interface BucketRegion {
  /** For the client's configuration. */
  readonly current: () => Promise<string>;
  /** Makes the client ask again, once, where the bucket is. */
  follow(s3: S3Client): void;
}

/**
 * Finds a bucket in another region, as boto3 does: S3 answers 301 (or 400 where only the signature's region is wrong)
 * with `x-amz-bucket-region`. What was learned once holds for all later requests, so that no part is sent twice; the
 * SDK's own `followRegionRedirects` would ask the wrong region first each time. Costs nothing where the region is right.
 */
export function createBucketRegion(first: string): BucketRegion {
  let region = first;
  const elsewhere =
    <Input extends object, Output extends object>(next: InitializeHandler<Input, Output>) =>
    async (request: InitializeHandlerArguments<Input>) => {
      const asked = region;
      try {
        return await next(request);
      } catch (error) {
        const told = regionTold(error);
        // Another request may have learned it in the meantime.
        if (told !== undefined) region = told;
        if (region === asked) throw error;
        return next(request);
      }
    };
  return {
    current: async () => region,
    follow: (s3) => s3.middlewareStack.add(elsewhere, { step: "initialize", name: "findBucketRegion" }),
  };
}

const WRONG_REGION = new Set([301, 307, 400]);

function regionTold(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { $metadata, $response } = error as {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  };
  if (!WRONG_REGION.has($metadata?.httpStatusCode ?? 0)) return undefined;
  return $response?.headers?.["x-amz-bucket-region"];
}
