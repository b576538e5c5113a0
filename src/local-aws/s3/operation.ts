/** Every operation of S3 that local AWS has. */
export type Operation =
  | "ListBuckets"
  | "CreateBucket"
  | "HeadBucket"
  | "DeleteBucket"
  | "GetBucketLocation"
  | "GetBucketVersioning"
  | "PutBucketVersioning"
  | "GetBucketPolicyStatus"
  | "GetBucketConfiguration"
  | "PutBucketConfiguration"
  | "DeleteBucketConfiguration"
  | "ListObjects"
  | "ListObjectsV2"
  | "ListObjectVersions"
  | "ListMultipartUploads"
  | "DeleteObjects"
  | "PutObject"
  | "CopyObject"
  | "GetObject"
  | "HeadObject"
  | "DeleteObject"
  | "GetObjectAttributes"
  | "GetObjectTagging"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "UploadPartCopy"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload"
  | "ListParts";

/** What a request asks for: an operation, or the name of one that is missing here. */
export type Detected = { readonly operation: Operation } | { readonly missing: string };

/** The bucket subresources that are stored and given back (see bucket-configuration.ts). */
export const STORED_SUBRESOURCES = [
  "lifecycle",
  "publicAccessBlock",
  "encryption",
  "policy",
  "ownershipControls",
  "tagging",
] as const;

interface Rule {
  readonly method: string;
  readonly level: "service" | "bucket" | "object";
  /** Query parameters that must be there. */
  readonly query?: readonly string[];
  /** A header that must be there. */
  readonly header?: string;
  readonly operation: Operation;
}

/** The first that fits counts. Query parameters that are no subresource (`x-id`, `prefix`, …) don't matter. */
const RULES: readonly Rule[] = [
  { method: "GET", level: "service", operation: "ListBuckets" },

  { method: "GET", level: "bucket", query: ["location"], operation: "GetBucketLocation" },
  { method: "GET", level: "bucket", query: ["versioning"], operation: "GetBucketVersioning" },
  { method: "PUT", level: "bucket", query: ["versioning"], operation: "PutBucketVersioning" },
  { method: "GET", level: "bucket", query: ["policyStatus"], operation: "GetBucketPolicyStatus" },
  { method: "GET", level: "bucket", query: ["versions"], operation: "ListObjectVersions" },
  { method: "GET", level: "bucket", query: ["uploads"], operation: "ListMultipartUploads" },
  { method: "POST", level: "bucket", query: ["delete"], operation: "DeleteObjects" },
  ...STORED_SUBRESOURCES.flatMap((name): Rule[] => [
    { method: "GET", level: "bucket", query: [name], operation: "GetBucketConfiguration" },
    { method: "PUT", level: "bucket", query: [name], operation: "PutBucketConfiguration" },
    { method: "DELETE", level: "bucket", query: [name], operation: "DeleteBucketConfiguration" },
  ]),
  { method: "GET", level: "bucket", query: ["list-type"], operation: "ListObjectsV2" },
  { method: "GET", level: "bucket", operation: "ListObjects" },
  { method: "PUT", level: "bucket", operation: "CreateBucket" },
  { method: "HEAD", level: "bucket", operation: "HeadBucket" },
  { method: "DELETE", level: "bucket", operation: "DeleteBucket" },

  { method: "GET", level: "object", query: ["uploadId"], operation: "ListParts" },
  { method: "GET", level: "object", query: ["attributes"], operation: "GetObjectAttributes" },
  { method: "GET", level: "object", query: ["tagging"], operation: "GetObjectTagging" },
  { method: "GET", level: "object", operation: "GetObject" },
  { method: "HEAD", level: "object", operation: "HeadObject" },
  {
    method: "PUT",
    level: "object",
    query: ["uploadId", "partNumber"],
    header: "x-amz-copy-source",
    operation: "UploadPartCopy",
  },
  { method: "PUT", level: "object", query: ["uploadId", "partNumber"], operation: "UploadPart" },
  { method: "PUT", level: "object", header: "x-amz-copy-source", operation: "CopyObject" },
  { method: "PUT", level: "object", operation: "PutObject" },
  { method: "POST", level: "object", query: ["uploads"], operation: "CreateMultipartUpload" },
  { method: "POST", level: "object", query: ["uploadId"], operation: "CompleteMultipartUpload" },
  { method: "DELETE", level: "object", query: ["uploadId"], operation: "AbortMultipartUpload" },
  { method: "DELETE", level: "object", operation: "DeleteObject" },
];

/** Subresources that AWS has, by what their operations are called after Get, Put or Delete. */
const SUBRESOURCES: Readonly<Record<"service" | "bucket" | "object", Readonly<Record<string, string>>>> = {
  service: {},
  bucket: {
    abac: "BucketAbac",
    accelerate: "BucketAccelerateConfiguration",
    acl: "BucketAcl",
    analytics: "BucketAnalyticsConfiguration",
    cors: "BucketCors",
    delete: "Objects",
    encryption: "BucketEncryption",
    "intelligent-tiering": "BucketIntelligentTieringConfiguration",
    inventory: "BucketInventoryConfiguration",
    lifecycle: "BucketLifecycleConfiguration",
    location: "BucketLocation",
    logging: "BucketLogging",
    metadataConfiguration: "BucketMetadataConfiguration",
    metrics: "BucketMetricsConfiguration",
    notification: "BucketNotificationConfiguration",
    "object-lock": "ObjectLockConfiguration",
    ownershipControls: "BucketOwnershipControls",
    policy: "BucketPolicy",
    policyStatus: "BucketPolicyStatus",
    publicAccessBlock: "PublicAccessBlock",
    replication: "BucketReplication",
    requestPayment: "BucketRequestPayment",
    session: "Session",
    tagging: "BucketTagging",
    uploads: "MultipartUploads",
    versioning: "BucketVersioning",
    versions: "ObjectVersions",
    website: "BucketWebsite",
  },
  object: {
    acl: "ObjectAcl",
    attributes: "ObjectAttributes",
    "legal-hold": "ObjectLegalHold",
    renameObject: "RenameObject",
    restore: "ObjectRestore",
    retention: "ObjectRetention",
    select: "ObjectContentSelection",
    tagging: "ObjectTagging",
    torrent: "ObjectTorrent",
    uploads: "MultipartUpload",
  },
};

/** Reads the operation off a request's method, path and subresource. */
export function detectOperation(request: {
  readonly method: string;
  readonly bucketName: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, unknown>>;
}): Detected {
  const { method, bucketName, key, query, headers } = request;
  const level = bucketName === "" ? "service" : key === "" ? "bucket" : "object";
  const subresources = SUBRESOURCES[level];
  const asked = Object.keys(subresources).find((name) => query.has(name));
  const rule = RULES.find(
    (candidate) =>
      candidate.method === method &&
      candidate.level === level &&
      (candidate.query ?? []).every((name) => query.has(name)) &&
      (candidate.header === undefined || headers[candidate.header] !== undefined) &&
      // A subresource must be meant: a GET with ?torrent is not GetObject.
      (asked === undefined || candidate.query?.includes(asked) === true),
  );
  if (rule !== undefined) return { operation: rule.operation };
  if (asked === undefined) return { missing: `S3 ${method} of a ${level}` };
  const verb = { GET: "Get", HEAD: "Head", PUT: "Put", POST: "Post", DELETE: "Delete" }[method] ?? method;
  return { missing: `S3 ${verb}${subresources[asked]}` };
}
