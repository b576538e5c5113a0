import { AwsError, notImplemented, type ServiceResponse } from "../http.ts";
import { checkPolicy } from "../iam/policy-grammar.ts";
import { childrenOf, malformedXml, parseXml, renderXml, textOf } from "../xml.ts";
import { readText } from "./body.ts";
import type { Call } from "./call.ts";
import { checkLifecycle } from "./lifecycle.ts";
import { bucketOf } from "./lookup.ts";
import { STORED_SUBRESOURCES } from "./operation.ts";
import { xmlResponse } from "./respond.ts";
import type { Bucket } from "./types.ts";

/** A configuration that is kept and given back as it was sent. Of all of them nothing is acted upon. */
interface StoredConfiguration {
  /** What S3 says where there is none. */
  readonly absent: readonly [code: string, message: string];
  /** @throws AwsError where the body is not of the right form */
  check(body: string, bucketName: string): void;
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
    check: checkEncryption,
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
    check: checkOwnership,
    absent: ["OwnershipControlsNotFoundError", "The bucket ownership controls were not found"],
  },
  tagging: {
    ...xml("Tagging"),
    putStatus: 204,
    absent: ["NoSuchTagSet", "The TagSet does not exist"],
  },
  policy: {
    check: checkBucketPolicy,
    contentType: "application/json",
    putStatus: 204,
    absent: ["NoSuchBucketPolicy", "The bucket policy does not exist"],
  },
};

/** As AWS sets up buckets since April 2023: not public, encrypted, without access control lists. */
export function initialConfigurations(ownership: string): Record<string, string> {
  const initial = STORED_SUBRESOURCES.flatMap((name): [string, string][] => {
    const value = CONFIGURATIONS[name].initial;
    return value === undefined ? [] : [[name, value]];
  });
  const ownershipControls = renderXml("OwnershipControls", { Rule: { ObjectOwnership: ownership } });
  checkOwnership(ownershipControls);
  return { ...Object.fromEntries(initial), ownershipControls };
}

const OWNERSHIPS = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];

function checkOwnership(body: string): void {
  const [rule, ...more] = childrenOf(parseXml(body, "OwnershipControls"), "Rule");
  const ownership = rule === undefined ? undefined : textOf(rule, "ObjectOwnership");
  if (more.length > 0 || !OWNERSHIPS.some((known) => known === ownership)) throw malformedXml();
}

/** Whoever has a bucket encrypt by a key of KMS means it. */
function checkEncryption(body: string): void {
  const [rule, ...more] = childrenOf(parseXml(body, "ServerSideEncryptionConfiguration"), "Rule");
  if (rule === undefined || more.length > 0) throw malformedXml();
  for (const byDefault of childrenOf(rule, "ApplyServerSideEncryptionByDefault")) {
    const algorithm = textOf(byDefault, "SSEAlgorithm") ?? "";
    if (algorithm.startsWith("aws:kms")) throw notImplemented(`S3 default encryption by ${algorithm}`);
    if (algorithm !== "AES256") throw malformedXml();
  }
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
  const smallest = call.request.headers["x-amz-transition-default-minimum-object-size"];
  if (smallest !== undefined && smallest !== "all_storage_classes_128K") {
    throw notImplemented(`S3 lifecycle rules for objects of any size (${String(smallest)})`);
  }
  const body = await readText(call.request);
  CONFIGURATIONS[name].check(body, call.bucketName);
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

/** As it was put, at most suspended; empty ("never enabled") where it never was. */
export async function getBucketVersioning(call: Call): Promise<ServiceResponse> {
  const status = bucketOf(call).record.configurations[VERSIONING];
  return xmlResponse("VersioningConfiguration", { Status: status });
}

export async function putBucketVersioning(call: Call): Promise<ServiceResponse> {
  const configuration = parseXml(await readText(call.request), "VersioningConfiguration");
  const status = textOf(configuration, "Status") ?? "";
  if (status !== "Enabled" && status !== "Suspended") throw malformedXml();
  if (textOf(configuration, "MfaDelete") === "Enabled") throw notImplemented("S3 MFA delete");
  // Said and not done, it would let a deletion take the only copy.
  if (status === "Enabled") throw notImplemented("S3 versioning");
  await change(call, (configurations) => ({ ...configurations, [VERSIONING]: status }));
  return { status: 200 };
}

function checkBucketPolicy(body: string, bucketName: string): void {
  const refuse = (message: string) => new AwsError("MalformedPolicy", message);
  for (const { actions, resources } of checkPolicy(body, "bucket", refuse)) {
    if (!actions.every((action) => /^(\*$|\*:|s3:)/i.test(action))) throw refuse("Policy has invalid action");
    const own = `arn:aws:s3:::${bucketName}`;
    const isOwn = (resource: string) => resource === own || resource.startsWith(`${own}/`);
    // A pattern may stand for the bucket's name too; what it would match is not looked into.
    if (!resources.every((resource) => isOwn(resource) || /^[^/]*[*?]/.test(resource))) {
      throw refuse("Policy has invalid resource");
    }
  }
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
