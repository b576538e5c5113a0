import { BatchClient } from "@aws-sdk/client-batch";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { S3Client } from "@aws-sdk/client-s3";
import { fromEnv, fromNodeProviderChain } from "@aws-sdk/credential-providers";
import type { DeserializeHandler, DeserializeHandlerArguments } from "@smithy/types";
import type { Context } from "../cli/context.ts";
import type { Sourced } from "../settings.ts";
import type { LocalAws } from "./local-aws.ts";
import { findProfile, findRegion } from "./region.ts";

/** The account in use, real or local: its clients, and what names it to the user. */
export interface Aws extends Disposable {
  readonly region: Sourced<string>;
  readonly profile: Sourced<string> | undefined;
  readonly isLocal: boolean;
  readonly s3: S3Client;
  readonly batch: BatchClient;
  /**
   * For requests that do something each time they arrive (SubmitJob): never repeated by the SDK, which can't know
   * whether one that got no answer was carried out.
   */
  readonly batchOnce: BatchClient;
  readonly logs: CloudWatchLogsClient;
  /** How far S3's and Batch's clock is ahead of ours, in milliseconds, by the last answer's `Date`; undefined before the first. */
  clockOffset(): number | undefined;
}

/** Makes the clients. `local` is the stand-in to use in place of the account that the environment names. */
export async function openAws(context: Context, local: LocalAws | undefined): Promise<Aws> {
  const profile = local ? undefined : findProfile(context);
  const region = local ? { value: local.region, source: "local AWS" } : await findRegion(context);
  const custom = Boolean(context.env.AWS_ENDPOINT_URL || context.env.AWS_ENDPOINT_URL_S3);
  let offset: number | undefined;

  const configuration = {
    region: region.value,
    credentials: local ? local.credentials : credentialsOf(context, profile?.value),
    ...(local ? { endpoint: local.endpoint } : {}),
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
  };
  const clients = {
    // Servers other than AWS rarely have a host name for every bucket.
    s3: new S3Client({ ...configuration, forcePathStyle: local !== undefined || custom }),
    batch: new BatchClient(configuration),
    batchOnce: new BatchClient({ ...configuration, maxAttempts: 1 }),
    logs: new CloudWatchLogsClient(configuration),
  };

  const noteDate =
    <Input extends object, Output extends object>(next: DeserializeHandler<Input, Output>) =>
    async (request: DeserializeHandlerArguments<Input>) => {
      const result = await next(request);
      const { headers } = result.response as { headers?: Record<string, string> };
      const server = Date.parse(headers?.date ?? "");
      if (!Number.isNaN(server)) offset = server - context.now();
      return result;
    };
  clients.s3.middlewareStack.add(noteDate, { step: "deserialize", name: "noteDate" });
  clients.batch.middlewareStack.add(noteDate, { step: "deserialize", name: "noteDate" });

  return {
    region,
    profile,
    isLocal: local !== undefined,
    ...clients,
    clockOffset: () => offset,
    [Symbol.dispose]() {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}

/** As boto3 orders them: keys in the environment win over a profile named there; then the profile, SSO, roles, the instance's. */
function credentialsOf(context: Context, profile: string | undefined) {
  if (context.env.AWS_ACCESS_KEY_ID && context.env.AWS_SECRET_ACCESS_KEY) return fromEnv();
  return fromNodeProviderChain(profile === undefined ? {} : { profile });
}
