import { AwsError, notImplemented, type ServiceResponse } from "../http.ts";
import { childrenOf, malformedXml, parseXml, renderXml, textOf } from "../xml.ts";
import { readText } from "./body.ts";
import { bucketOf } from "./lookup.ts";
import { STORED_SUBRESOURCES } from "./operation.ts";
import { xmlResponse } from "./respond.ts";
import type { Bucket, Call } from "./types.ts";

/** A configuration that is kept and given back as it was sent. Of all of them nothing is acted upon. */
interface StoredConfiguration {
  /** What S3 says where there is none. */
  readonly absent: readonly [code: string, message: string];
  /** @throws AwsError where the body is not of the right form */
  check(body: string): void;
  readonly contentType: string;
  /** Status of a successful Put. */
  readonly putStatus: number;
  /** What a new bucket has. */
  readonly initial?: string;
}

const xml = (root: string) => ({
  check: (body: string) => void parseXml(body, root),
  contentType: "application/xml",
  putStatus: 200,
});

type Name = (typeof STORED_SUBRESOURCES)[number];

/** Where a bucket's record keeps the status alone. */
const VERSIONING = "versioning";

const CONFIGURATIONS: Readonly<Record<Name, StoredConfiguration>> = {
  lifecycle: {
    ...xml("LifecycleConfiguration"),
    check: checkLifecycle,
    absent: ["NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"],
  },
  publicAccessBlock: {
    ...xml("PublicAccessBlockConfiguration"),
    absent: ["NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"],
    initial: renderXml("PublicAccessBlockConfiguration", {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    }),
  },
  encryption: {
    ...xml("ServerSideEncryptionConfiguration"),
    absent: [
      "ServerSideEncryptionConfigurationNotFoundError",
      "The server side encryption configuration was not found",
    ],
    initial: renderXml("ServerSideEncryptionConfiguration", {
      Rule: {
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
        BucketKeyEnabled: false,
      },
    }),
  },
  ownershipControls: {
    ...xml("OwnershipControls"),
    absent: ["OwnershipControlsNotFoundError", "The bucket ownership controls were not found"],
    initial: renderXml("OwnershipControls", { Rule: { ObjectOwnership: "BucketOwnerEnforced" } }),
  },
  tagging: {
    ...xml("Tagging"),
    putStatus: 204,
    absent: ["NoSuchTagSet", "The TagSet does not exist"],
  },
  policy: {
    check: (body) => void parsePolicy(body),
    contentType: "application/json",
    putStatus: 204,
    absent: ["NoSuchBucketPolicy", "The bucket policy does not exist"],
  },
};

/** As AWS sets up buckets since April 2023: not public, encrypted, without access control lists. */
export function initialConfigurations(): Record<string, string> {
  return Object.fromEntries(
    STORED_SUBRESOURCES.flatMap((name) => {
      const { initial } = CONFIGURATIONS[name];
      return initial === undefined ? [] : [[name, initial]];
    }),
  );
}

function nameOf({ request }: Call): Name {
  const name = STORED_SUBRESOURCES.find((candidate) => request.query.has(candidate));
  if (name === undefined) throw new Error("no stored configuration is asked for");
  return name;
}

function stored(bucket: Bucket, name: Name): string {
  const value = bucket.record.configurations[name];
  if (value !== undefined) return value;
  const [code, message] = CONFIGURATIONS[name].absent;
  throw new AwsError(code, message, 404, { BucketName: bucket.record.name });
}

export async function getBucketConfiguration(call: Call): Promise<ServiceResponse> {
  const name = nameOf(call);
  const body = stored(bucketOf(call), name);
  return { status: 200, headers: { "content-type": CONFIGURATIONS[name].contentType }, body };
}

export async function putBucketConfiguration(call: Call): Promise<ServiceResponse> {
  const name = nameOf(call);
  const body = await readText(call.request);
  CONFIGURATIONS[name].check(body);
  await change(call, (configurations) => ({ ...configurations, [name]: body }));
  return { status: CONFIGURATIONS[name].putStatus };
}

export async function deleteBucketConfiguration(call: Call): Promise<ServiceResponse> {
  const name = nameOf(call);
  // Encryption can be set back, not taken away.
  const { initial } = CONFIGURATIONS[name];
  await change(call, ({ [name]: _removed, ...rest }) =>
    name === "encryption" && initial !== undefined ? { ...rest, [name]: initial } : rest,
  );
  return { status: 204 };
}

async function change(
  call: Call,
  edit: (configurations: Readonly<Record<string, string>>) => Record<string, string>,
): Promise<void> {
  await call.store.exclusively(call.bucketName, async () => {
    const bucket = bucketOf(call);
    const configurations = edit(bucket.record.configurations);
    await call.store.updateBucket(bucket, { ...bucket.record, configurations });
  });
}

/** As it was put; empty ("never enabled") where it never was. Nothing is acted upon: no object has versions. */
export async function getBucketVersioning(call: Call): Promise<ServiceResponse> {
  const status = bucketOf(call).record.configurations[VERSIONING];
  return xmlResponse("VersioningConfiguration", { Status: status });
}

export async function putBucketVersioning(call: Call): Promise<ServiceResponse> {
  const configuration = parseXml(await readText(call.request), "VersioningConfiguration");
  const status = textOf(configuration, "Status") ?? "";
  if (status !== "Enabled" && status !== "Suspended") throw malformedXml();
  if (textOf(configuration, "MfaDelete") === "Enabled") throw notImplemented("S3 MFA delete");
  await change(call, (configurations) => ({ ...configurations, [VERSIONING]: status }));
  return { status: 200 };
}

/** Public, roughly: a statement that allows something to everybody, without a condition. */
export async function getBucketPolicyStatus(call: Call): Promise<ServiceResponse> {
  const isPublic = parsePolicy(stored(bucketOf(call), "policy")).some(
    (statement) =>
      statement.Effect === "Allow" &&
      statement.Condition === undefined &&
      ['"*"', '{"AWS":"*"}', '{"AWS":["*"]}'].includes(JSON.stringify(statement.Principal)),
  );
  return xmlResponse("PolicyStatus", { IsPublic: isPublic });
}

function parsePolicy(text: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    const policy: unknown = JSON.parse(text);
    if (typeof policy === "object" && policy !== null && "Statement" in policy) {
      const statements = Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement];
      return statements as Readonly<Record<string, unknown>>[];
    }
  } catch {
    // Told below, as for any other document that is no policy.
  }
  throw new AwsError("MalformedPolicy", "Policies must be valid JSON with a Statement.");
}

function checkLifecycle(body: string): void {
  const rules = childrenOf(parseXml(body, "LifecycleConfiguration"), "Rule");
  const valid = rules.every((rule) => ["Enabled", "Disabled"].includes(textOf(rule, "Status") ?? ""));
  if (rules.length === 0 || !valid) throw malformedXml();
}
