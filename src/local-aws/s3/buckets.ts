import { AwsError, type ServiceResponse } from "../http.ts";
import { parseXml, textOf } from "../xml.ts";
import { readText, refuseUnreadElements } from "./body.ts";
import { initialConfigurations } from "./bucket-configuration.ts";
import type { Call } from "./call.ts";
import { numberParameter } from "./conditions.ts";
import { refuseUnsupported } from "./description.ts";
import { bucketOf } from "./lookup.ts";
import { isoDate, xmlResponse } from "./respond.ts";
import type { Store } from "./store/store.ts";

const OWNER = { ID: "local-aws", DisplayName: "local-aws" };

const MAX_BUCKETS = 10_000;

/** A continuation token is the name of the last bucket of the page before. */
export async function listBuckets({ store, request: { query } }: Call): Promise<ServiceResponse> {
  const prefix = query.get("prefix") ?? "";
  const token = query.get("continuation-token") ?? "";
  const wantedRegion = query.get("bucket-region") ?? "";
  const max = numberParameter("max-buckets", query.get("max-buckets"), {
    min: 1,
    max: MAX_BUCKETS,
    fallback: MAX_BUCKETS,
  });
  const records = store
    .buckets()
    .map(({ record }) => record)
    .filter(({ name, region }) => name.startsWith(prefix) && ["", region].includes(wantedRegion))
    .filter(({ name }) => name > Buffer.from(token, "base64url").toString())
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = records.slice(0, max);
  const last = page.at(-1);
  const buckets = page.map(({ name, createdAt, region }) => ({
    Name: name,
    CreationDate: isoDate(createdAt),
    BucketRegion: region,
  }));
  return xmlResponse("ListAllMyBucketsResult", {
    Owner: OWNER,
    Buckets: { Bucket: buckets },
    Prefix: prefix === "" ? undefined : prefix,
    ContinuationToken:
      last !== undefined && page.length < records.length
        ? Buffer.from(last.name).toString("base64url")
        : undefined,
  });
}

export async function createBucket(call: Call): Promise<ServiceResponse> {
  const { request, store, bucketName } = call;
  refuseUnsupported(request.headers);
  const region = regionAsked(await readText(request)) ?? call.region;
  const asked = request.headers["x-amz-object-ownership"];
  const ownership = asked === undefined ? {} : { ownership: String(asked) };
  await store.exclusively(bucketName, async () => {
    const existing = store.bucket(bucketName);
    // Making one's own bucket again is fine in the oldest region, and an error in all others.
    if (existing !== undefined && existing.record.region !== "us-east-1") {
      throw new AwsError(
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
        409,
        { BucketName: bucketName },
      );
    }
    if (existing === undefined) {
      await makeBucket(store, { name: bucketName, region, now: call.now(), ...ownership });
    }
  });
  return { status: 200, headers: { location: `/${bucketName}` } };
}

interface NewBucket {
  readonly name: string;
  readonly region: string;
  readonly now: number;
  /** `ObjectOwnership` of its ownership controls. */
  readonly ownership?: string;
  /** Others that it has from the start, by name. */
  readonly configurations?: Readonly<Record<string, string>> | undefined;
}

/** @throws AwsError InvalidBucketName */
export async function makeBucket(
  store: Store,
  { name, region, now, ownership = "BucketOwnerEnforced", configurations }: NewBucket,
): Promise<void> {
  if (!isBucketName(name)) {
    throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", 400, { BucketName: name });
  }
  const createdAt = Math.floor(now / 1000) * 1000;
  await store.createBucket({
    ...{ name, region, createdAt },
    configurations: { ...initialConfigurations(ownership), ...configurations },
  });
}

/** "Bucket naming rules" (S3 User Guide). Such a name is safe as a file name, too. */
function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes("..") &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !name.startsWith("xn--")
  );
}

function regionAsked(body: string): string | undefined {
  if (body.trim() === "") return undefined;
  const configuration = parseXml(body, "CreateBucketConfiguration");
  refuseUnreadElements("S3 CreateBucket", configuration, ["LocationConstraint"]);
  const region = textOf(configuration, "LocationConstraint");
  if (region === undefined || /^[A-Za-z0-9-]{1,32}$/.test(region)) return region;
  throw new AwsError("InvalidLocationConstraint", "The specified location-constraint is not valid");
}

export async function headBucket(call: Call): Promise<ServiceResponse> {
  const { record } = bucketOf(call);
  return { status: 200, headers: { "x-amz-bucket-region": record.region } };
}

export async function deleteBucket(call: Call): Promise<ServiceResponse> {
  const { store, bucketName } = call;
  await store.exclusively(bucketName, async () => {
    const bucket = bucketOf(call);
    if (bucket.objects.size > 0) {
      throw new AwsError("BucketNotEmpty", "The bucket you tried to delete is not empty", 409, {
        BucketName: bucketName,
      });
    }
    await store.removeBucket(bucket);
  });
  return { status: 204 };
}

/** The oldest region has an empty name here. */
export async function getBucketLocation(call: Call): Promise<ServiceResponse> {
  const { region } = bucketOf(call).record;
  return xmlResponse("LocationConstraint", region === "us-east-1" ? "" : region);
}
