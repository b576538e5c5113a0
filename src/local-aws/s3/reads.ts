import type { ServiceRequest } from "../http.ts";
import { type Reads, refuseUnread } from "../unread.ts";
import { ALGORITHMS, checksumHeader } from "./checksums.ts";
import type { Operation } from "./operation.ts";

/** `x-amz-` headers that any request may have: of the protocol, or looked at for all operations. */
const always: Reads = [
  ...["date", "content-sha256", "security-token", "user-agent", "decoded-content-length", "trailer", "te"],
  ...["sdk-checksum-algorithm", "expected-bucket-owner"],
  // Nobody here pays but for what is theirs.
  "request-payer",
].map((name) => `x-amz-${name}`);

const checksums = ALGORITHMS.map(checksumHeader);
const acls = [
  "acl",
  "grant-full-control",
  "grant-read",
  "grant-read-acp",
  "grant-write",
  "grant-write-acp",
].map((name) => `x-amz-${name}`);
const described = [...acls, "x-amz-server-side-encryption", "x-amz-storage-class"];
const source = ["", "-if-match", "-if-none-match", "-if-modified-since", "-if-unmodified-since"]
  .map((condition) => `x-amz-copy-source${condition}`)
  .concat("x-amz-source-expected-bucket-owner");
const overrides = ["cache-control", "content-disposition", "content-encoding", "content-language"]
  .concat("content-type", "expires")
  .map((name) => `response-${name}`);
const ofObject = { headers: ["x-amz-checksum-mode"], query: ["versionId", "partNumber", ...overrides] };
const part = ["uploadId", "partNumber"];
const list = ["prefix", "delimiter", "encoding-type"];
/** Nothing is archived, so that nothing is restored. */
const listed = ["x-amz-optional-object-attributes"];

interface Parameters {
  /** Those that begin with `x-amz-`. */
  readonly headers?: Reads;
  readonly query?: Reads;
}

/** What each operation reads; all else that S3 knows is a 501 that names it. */
const READS: Readonly<Record<Operation, Parameters>> = {
  ListBuckets: { query: ["prefix", "max-buckets", "continuation-token", "bucket-region"] },
  CreateBucket: { headers: [...checksums, ...acls, "x-amz-object-ownership"] },
  HeadBucket: {},
  DeleteBucket: {},
  GetBucketLocation: {},
  GetBucketVersioning: {},
  PutBucketVersioning: { headers: checksums },
  GetBucketPolicyStatus: {},
  GetBucketConfiguration: {},
  PutBucketConfiguration: { headers: [...checksums, "x-amz-transition-default-minimum-object-size"] },
  DeleteBucketConfiguration: {},
  ListObjects: { headers: listed, query: [...list, "marker", "max-keys"] },
  ListObjectsV2: {
    headers: listed,
    query: [...list, "max-keys", "continuation-token", "start-after", "fetch-owner"],
  },
  ListObjectVersions: { headers: listed, query: [...list, "max-keys", "key-marker", "version-id-marker"] },
  ListMultipartUploads: { query: [...list, "max-uploads", "key-marker", "upload-id-marker"] },
  DeleteObjects: { headers: checksums },
  PutObject: { headers: [...described, ...checksums] },
  CopyObject: {
    headers: [
      ...[...described, ...source, "x-amz-checksum-algorithm", "x-amz-metadata-directive"],
      // No object has tags.
      "x-amz-tagging-directive",
    ],
  },
  GetObject: ofObject,
  HeadObject: ofObject,
  DeleteObject: { query: ["versionId"] },
  GetObjectAttributes: { headers: ["x-amz-object-attributes"], query: ["versionId"] },
  GetObjectTagging: { query: ["versionId"] },
  CreateMultipartUpload: { headers: [...described, "x-amz-checksum-algorithm", "x-amz-checksum-type"] },
  UploadPart: { headers: checksums, query: part },
  UploadPartCopy: { headers: [...source, "x-amz-copy-source-range"], query: part },
  CompleteMultipartUpload: {
    headers: [...checksums, "x-amz-checksum-type", "x-amz-mp-object-size"],
    query: ["uploadId"],
  },
  AbortMultipartUpload: { query: ["uploadId"] },
  ListParts: { query: ["uploadId", "max-parts", "part-number-marker"] },
};

/** Operations that write an object's metadata, which may have any name. */
const describing: readonly Operation[] = ["PutObject", "CopyObject", "CreateMultipartUpload"];

/** Other names in a query mean nothing to S3. */
const knownInQuery = new Set(Object.values(READS).flatMap(({ query = [] }) => query));

/** @throws AwsError, a 501 for the first parameter that the operation does not read here */
export function refuseUnreadParameters(operation: Operation, { headers, query }: ServiceRequest): void {
  const reads = READS[operation];
  const sent = Object.entries(headers).filter(
    ([name]) =>
      name.startsWith("x-amz-") && !(describing.includes(operation) && name.startsWith("x-amz-meta-")),
  );
  const asked = [...query].filter(([name]) => knownInQuery.has(name));
  const input = [...sent, ...asked].map(
    ([name, value]) => [name, value === "false" ? false : value] as const,
  );
  refuseUnread(`S3 ${operation}`, Object.fromEntries(input), [
    ...[...always, ...(reads.headers ?? []), ...(reads.query ?? [])],
  ]);
}
