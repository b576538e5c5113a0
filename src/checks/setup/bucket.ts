import type { BucketLifecycle } from "../facts/bucket.ts";
import type { Facts } from "../facts.ts";
import { awsCommand, consoleOf, paste, sameName, setUp } from "./places.ts";
import { adviseOn, type Outcome, quoteOf, type Subject, subject } from "./subject.ts";

/** Days that the guide has everything kept; more than LONG outlives any use, less than SHORT ends before people look. */
const USUAL = 30;
const LONG = 90;
const SHORT = 7;

const called = ({ names }: Pick<Facts, "names">) => `the S3 bucket "${names.bucket.value}"`;

const bucketSubject = subject({
  id: "bucket",
  called,
  see: (facts) => facts.bucket(),
  async denied(denied, facts) {
    const { value: bucket, source } = facts.names.bucket;
    const permissions = await facts.permissions();
    const mayWrite = permissions.kind === "seen" && permissions.value.get("s3:PutObject")?.kind === "allowed";
    return mayWrite
      ? {
          mark: "unknown",
          says: `You may upload to the S3 bucket "${bucket}" (from ${source}), but not look at it: that takes the permission ${denied.permission}.${quoteOf(denied)}`,
          mend: adviseOn(denied, "To have it checked, too: "),
        }
      : {
          mark: "wrong",
          says: `You may not use the S3 bucket "${bucket}" (from ${source}). Either it is somebody else's, since names of buckets are shared by all the world, or nobody has allowed you to.`,
          mend: `Name your own with --aws-batch-s3-bucket. Where this is yours, ask the administrator of your AWS account for the policy NextstrainJobsAccessToBucket.${setUp(facts, "Or make one", "--s3-bucket NAME")}`,
        };
  },
  absent: (facts) => ({
    mark: "wrong",
    says: `There is no S3 bucket "${facts.names.bucket.value}" (from ${facts.names.bucket.source}).`,
    mend: `Check the name, or name another with --aws-batch-s3-bucket. What there is:${awsCommand(facts, "s3 ls")}${setUp(facts, "To make one", sameName("--s3-bucket", facts.names.bucket))}`,
  }),
  checks: [
    {
      id: "bucket.exists",
      find: (_place, facts) => ({
        mark: "ok",
        says: `The S3 bucket "${facts.names.bucket.value}" (from ${facts.names.bucket.source}) is there.`,
      }),
    },
    {
      id: "bucket.region",
      find({ region }, facts) {
        const { value: own } = facts.aws.region;
        if (region === undefined || region === own) return undefined;
        return {
          mark: "caution",
          says: `The S3 bucket "${facts.names.bucket.value}" is in the region ${region}, and jobs run in ${own}: what goes between them is slower, and costs.`,
          mend: `Use a bucket in ${own}; or, where your job queue is in ${region}, set AWS_DEFAULT_REGION=${region}.${setUp(facts, "To make a bucket", "--s3-bucket NAME")}`,
        };
      },
    },
  ],
});

/** Only of a bucket that is there. */
const ofBucket =
  <T>(see: (facts: Facts) => Promise<T>) =>
  async (facts: Facts) =>
    (await facts.bucket()).kind === "seen" ? see(facts) : undefined;

const accessSubject = subject({
  id: "bucket.access",
  called: (facts) => `who gets into ${called(facts)}`,
  see: ofBucket((facts) => facts.bucketAccess()),
  checks: [
    {
      id: "bucket.private",
      find(access, facts) {
        const { value: bucket } = facts.names.bucket;
        if (access === "blocked") return { mark: "ok", says: "The bucket is private." };
        const block = awsCommand(
          facts,
          `s3api put-public-access-block --bucket ${bucket} --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`,
        );
        return access === "public"
          ? {
              mark: "caution",
              says: `The S3 bucket "${bucket}" is open to the public: everybody on the internet can read what you build, and variables with passwords and keys while jobs start.`,
              mend: `Close it:${block}`,
            }
          : {
              mark: "caution",
              says: `The S3 bucket "${bucket}" is not open to the public, but nothing keeps it from being opened by mistake.`,
              mend: `Keep it closed:${block}`,
            };
      },
    },
  ],
});

const encryptionSubject = subject({
  id: "bucket.encryption",
  called: (facts) => `the encryption of ${called(facts)}`,
  see: ofBucket((facts) => facts.bucketEncryption()),
  absent: (facts) => ({
    mark: "caution",
    says: `What lies in ${called(facts)} is not encrypted.`,
    mend: `Encrypt what comes from now on:${awsCommand(facts, `s3api put-bucket-encryption --bucket ${facts.names.bucket.value} --server-side-encryption-configuration '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'`)}`,
  }),
  checks: [
    {
      id: "bucket.encrypted",
      find: (algorithm) => ({ mark: "ok", says: `What lies in it is encrypted (${algorithm}).` }),
    },
  ],
});

const versioningSubject = subject({
  id: "bucket.versioning",
  called: (facts) => `whether ${called(facts)} keeps old versions`,
  see: ofBucket((facts) => facts.bucketVersioning()),
  checks: [
    {
      id: "bucket.versions",
      find(keeps, facts) {
        const { value: bucket } = facts.names.bucket;
        if (!keeps) return { mark: "ok", says: "What is deleted from it is gone." };
        return {
          mark: "caution",
          says: `The S3 bucket "${bucket}" keeps what is deleted as old versions ("versioning"): the variables of each job, and passwords and keys among them, stay there. And you pay for every archive twice or more.`,
          mend: `Stop it:${awsCommand(facts, `s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Suspended`)}`,
        };
      },
    },
  ],
});

const lifecycleSubject = subject({
  id: "bucket.lifecycle",
  called: (facts) => `how long ${called(facts)} keeps things`,
  see: ofBucket((facts) => facts.bucketLifecycle()),
  checks: [
    { id: "bucket.expiry", find: findExpiry },
    {
      id: "bucket.unfinished",
      find(lifecycle, facts) {
        const { abortsAfter } = lifecycle;
        if (abortsAfter !== undefined) {
          return { mark: "ok", says: `Uploads that break off are removed after ${days(abortsAfter)}.` };
        }
        // Whoever has no rule at all is told so already; one command sets both.
        if (lifecycle.rules === 0) return undefined;
        return {
          mark: "caution",
          says: `Uploads to the S3 bucket "${facts.names.bucket.value}" that break off stay there unseen, and cost.`,
          mend: `Have them removed:${mendLifecycle(lifecycle, facts)}`,
        };
      },
    },
  ],
});

function findExpiry(lifecycle: BucketLifecycle, facts: Facts): Outcome {
  const { value: bucket } = facts.names.bucket;
  const { expiresAfter } = lifecycle;
  const mend = mendLifecycle(lifecycle, facts);
  if (expiresAfter === undefined) {
    return {
      mark: "caution",
      says: `The S3 bucket "${bucket}" keeps every build for ever, and you pay for it.`,
      mend: `Have builds deleted after ${USUAL} days:${mend}`,
    };
  }
  if (expiresAfter > LONG) {
    return {
      mark: "caution",
      says: `The S3 bucket "${bucket}" keeps every build for ${days(expiresAfter)}, long after its results have been brought back, and you pay for it.`,
      mend: `Have builds deleted after ${USUAL} days:${mend}`,
    };
  }
  if (expiresAfter < SHORT) {
    return {
      mark: "caution",
      says: `The S3 bucket "${bucket}" deletes builds after ${days(expiresAfter)}: results that nobody has brought back by then are lost.`,
      mend: `Have builds deleted after ${USUAL} days:${mend}`,
    };
  }
  return { mark: "ok", says: `It deletes builds after ${days(expiresAfter)}.` };
}

const days = (count: number) => (count === 1 ? "a day" : `${count} days`);

/** A command where there is nothing that it would replace, else the page where rules are edited. */
function mendLifecycle({ rules }: BucketLifecycle, facts: Facts): string {
  const { bucket, prefix } = facts.names;
  if (rules > 0) {
    return paste(
      `${consoleOf(facts)}/s3/buckets/${bucket.value}?region=${facts.aws.region.value}&tab=management`,
    );
  }
  const rule = {
    ID: "nextstrain-jobs",
    Status: "Enabled",
    Filter: { Prefix: prefix },
    Expiration: { Days: USUAL },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
  };
  return awsCommand(
    facts,
    `s3api put-bucket-lifecycle-configuration --bucket ${bucket.value} --lifecycle-configuration '${JSON.stringify({ Rules: [rule] })}'`,
  );
}

/** What must hold of the bucket that builds are shipped through. */
export const bucketSubjects: readonly Subject[] = [
  bucketSubject,
  accessSubject,
  encryptionSubject,
  lifecycleSubject,
  versioningSubject,
];
