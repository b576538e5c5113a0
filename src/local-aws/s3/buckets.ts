import { AwsError, type ServiceResponse } from "../http.ts";
import { childrenOf, parseXml, textOf } from "../xml.ts";
import { readText } from "./body.ts";
import { initialConfigurations } from "./bucket-configuration.ts";
import { refuseUnsupported } from "./description.ts";
import { bucketOf } from "./lookup.ts";
import { isoDate, xmlResponse } from "./respond.ts";
import type { Store } from "./store/store.ts";
import type { Call } from "./types.ts";

const OWNER = { ID: "local-aws", DisplayName: "local-aws" };

export async function listBuckets({ store }: Call): Promise<ServiceResponse> {
  const records = store.buckets().map(({ record }) => record);
  records.sort((a, b) => (a.name < b.name ? -1 : 1));
  const buckets = records.map(({ name, createdAt, region }) => ({
    Name: name,
    CreationDate: isoDate(createdAt),
    BucketRegion: region,
  }));
  return xmlResponse("ListAllMyBucketsResult", { Owner: OWNER, Buckets: { Bucket: buckets } });
}

export async function createBucket(call: Call): Promise<ServiceResponse> {
  const { request, store, bucketName } = call;
  refuseUnsupported(request.headers);
  const region = regionAsked(await readText(request)) ?? call.region;
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
    if (existing === undefined) await makeBucket(store, { name: bucketName, region, now: call.now() });
  });
  return { status: 200, headers: { location: `/${bucketName}` } };
}

/** @throws AwsError InvalidBucketName */
export async function makeBucket(
  store: Store,
  {
    name,
    region,
    now,
    configurations,
  }: {
    readonly name: string;
    readonly region: string;
    readonly now: number;
    readonly configurations?: Readonly<Record<string, string>> | undefined;
  },
): Promise<void> {
  if (!isBucketName(name)) {
    throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", 400, { BucketName: name });
  }
  const createdAt = Math.floor(now / 1000) * 1000;
  await store.createBucket({
    ...{ name, region, createdAt },
    configurations: { ...initialConfigurations(), ...configurations },
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
  if (childrenOf(configuration, "Location").length > 0) {
    throw new AwsError("InvalidRequest", "Local AWS has no directory buckets.");
  }
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
