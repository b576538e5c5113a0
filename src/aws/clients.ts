import { BatchClient } from "@aws-sdk/client-batch";
import type { CloudFormationClient } from "@aws-sdk/client-cloudformation";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { IAMClient } from "@aws-sdk/client-iam";
import { S3Client } from "@aws-sdk/client-s3";
import type { STSClient } from "@aws-sdk/client-sts";
import type { Context } from "../cli/context.ts";
import type { Sourced } from "../settings.ts";
import { readAuthorities } from "./authorities.ts";
import { checkEndpoints, checkLateSettings, checkRegion } from "./bad-settings.ts";
import type { BuildClients } from "./build-clients.ts";
import { findCredentials } from "./credentials.ts";
import { type Encryption, encryptUploads } from "./encryption.ts";
import { createBucketRegion, findEndpoint } from "./endpoints.ts";
import { createAgents } from "./http.ts";
import type { LocalAws } from "./local-aws.ts";
import { findLocalAwsInUse, type LocalAwsInUse, useLocalAws } from "./local-aws-in-use.ts";
import { addMiddleware } from "./middleware.ts";
import { readProxies } from "./proxy.ts";
import { findProfile, findRegion } from "./region.ts";
import { explainRegionOff, HOME_REGION } from "./region-off.ts";
import { leaveBodiesUnsigned } from "./unsigned-body.ts";

/** Milliseconds without a byte moving: on a link that is slow but moves, Node's sockets never come to it. */
const SILENT_TRY = 40_000;

/** The account in use, real or local: its clients, and what names it to the user. */
export interface Aws extends BuildClients, Disposable {
  readonly region: Sourced<string>;
  readonly profile: Sourced<string> | undefined;
  /** Whether the requests go to a local AWS, whichever way it was named. */
  readonly isLocal: boolean;
  /** What uploads say of encryption; undefined: nothing. */
  readonly encryption: Encryption | undefined;
  /** That local AWS. */
  readonly local: LocalAwsInUse | undefined;
  /** Builds do without these services: their clients are loaded when first asked for. */
  cloudFormation(): Promise<CloudFormationClient>;
  ec2(): Promise<EC2Client>;
  iam(): Promise<IAMClient>;
  sts(): Promise<STSClient>;
  /** How far S3's and Batch's clock is ahead of ours, in milliseconds, by the last answer's `Date`; undefined before the first. */
  clockOffset(): number | undefined;
}

interface AccountOptions {
  /** Of uploads to the account's bucket: local AWS has a bucket of its own. */
  readonly encryption?: Encryption | undefined;
}

/**
 * Makes the clients. `local` is the stand-in to use in place of the account that the environment names, which may be a local AWS
 * too: this is where that is found out.
 *
 * @throws UserError where a setting of AWS's, in the environment or in `~/.aws/config`, can't be one
 */
export async function openAws(
  context: Context,
  local: LocalAws | undefined,
  options: AccountOptions = {},
): Promise<Aws> {
  const profile = local ? undefined : findProfile(context);
  const region = local ? { value: local.region, source: "local AWS" } : await findRegion(context);

  checkRegion(region);
  if (!local) await checkEndpoints(context, profile?.value);

  // Local AWS is on this computer: there is nothing in between.
  const agents = local
    ? {}
    : createAgents({ proxies: readProxies(context), authorities: await readAuthorities(context) });
  const requestHandler = { connectionTimeout: 10_000, socketTimeout: SILENT_TRY, ...agents };
  const configuration = {
    region: region.value,
    credentials: local
      ? local.credentials
      : findCredentials(context, profile, { clientConfig: { requestHandler }, region: region.value }),
    ...(local ? { endpoint: local.endpoint } : {}),
    ...(profile ? { profile: profile.value } : {}),
    maxAttempts: 6,
    requestHandler,
  };
  const bucketRegion = createBucketRegion(region.value);
  const clients = {
    // Servers other than AWS rarely have a host name for every bucket.
    s3: new S3Client({
      ...configuration,
      // A transfer is hundreds of requests, and one that fails for good ends it.
      maxAttempts: 8,
      region: bucketRegion.current,
      forcePathStyle: local !== undefined || hasOwnEndpoint(context),
    }),
    batch: new BatchClient(configuration),
    batchOnce: new BatchClient({ ...configuration, maxAttempts: 1 }),
    logs: new CloudWatchLogsClient(configuration),
  };

  const regionOff = explainRegionOff(region, async () => {
    const [{ GetCallerIdentityCommand }, sts] = await Promise.all([import("./sdk/sts.ts"), later.homeSts()]);
    const { sessionToken } = await clients.s3.config.credentials();
    await sts.send(new GetCallerIdentityCommand({}));
    return { temporary: sessionToken !== undefined };
  });
  // Before all else that answers a rejection.
  const first = { step: "initialize", priority: "high", name: "explainRegionOff" } as const;
  clients.s3.middlewareStack.add(regionOff, first);
  clients.batch.middlewareStack.add(regionOff, first);
  clients.batchOnce.middlewareStack.add(regionOff, first);
  clients.logs.middlewareStack.add(regionOff, first);

  const later = {
    cloudFormation: lazily(async () => {
      const { CloudFormationClient } = await import("./sdk/cloudformation.ts");
      return new CloudFormationClient(configuration);
    }),
    ec2: lazily(async () => {
      const { EC2Client } = await import("./sdk/ec2.ts");
      return new EC2Client(configuration);
    }),
    iam: lazily(async () => {
      const { IAMClient } = await import("./sdk/iam.ts");
      return new IAMClient(configuration);
    }),
    sts: lazily(async () => {
      const { STSClient } = await import("./sdk/sts.ts");
      const client = new STSClient(configuration);
      client.middlewareStack.add(regionOff, first);
      return client;
    }),
    homeSts: lazily(async () => {
      const { STSClient } = await import("./sdk/sts.ts");
      return new STSClient({ ...configuration, region: HOME_REGION });
    }),
  };

  await checkLateSettings(clients.s3);
  bucketRegion.follow(clients.s3);
  const inUse = local
    ? useLocalAws(context, local, { isByOption: true })
    : await findLocalAwsInUse(context, {
        endpoint: await findEndpoint(context),
        region: region.value,
        credentials: clients.batch.config.credentials,
      });
  leaveBodiesUnsigned(clients.s3, inUse !== undefined);
  const encryption = local ? undefined : options.encryption;
  if (encryption) encryptUploads(clients.s3, encryption);
  const clock = addMiddleware(clients, {
    ...{ silentTry: SILENT_TRY, now: context.now },
    revive: inUse?.revive,
  });

  return {
    region,
    profile,
    isLocal: inUse !== undefined,
    local: inUse,
    encryption,
    ...clients,
    ...later,
    clockOffset: clock.offset,
    [Symbol.dispose]() {
      for (const client of Object.values(clients)) client.destroy();
      for (const client of Object.values(later)) client.destroy();
    },
  };
}

/** A client that is made at the first call, and destroyed only where it was. */
function lazily<Client extends { destroy(): void }>(make: () => Promise<Client>) {
  let made: Promise<Client> | undefined;
  const get = () => {
    made ??= make();
    return made;
  };
  const destroy = () => void made?.then((client) => client.destroy());
  return Object.assign(get, { destroy });
}

/** Whether S3's requests go to a server that the user named. */
function hasOwnEndpoint({ env }: Context): boolean {
  return Boolean(env.AWS_ENDPOINT_URL || env.AWS_ENDPOINT_URL_S3);
}
