import type { Iam } from "../iam/index.ts";
import type { LogsService } from "../logs/index.ts";
import type { S3 } from "../s3/index.ts";

/** Days that builds and logs are kept, as the users' guide has it. */
const KEPT_DAYS = 30;

const BUCKET = "nextstrain-jobs";

/** The guide's policy NextstrainJobsAccessToBucket. */
const BUCKET_POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: ["s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:DeleteObject"],
      Resource: [`arn:aws:s3:::${BUCKET}/*`, `arn:aws:s3:::${BUCKET}`],
    },
  ],
});

/** Containers of jobs may take the role on. */
const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
  ],
});

const LIFECYCLE = [
  '<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>',
  "<ID>nextstrain-jobs</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>",
  `<Expiration><Days>${KEPT_DAYS}</Days></Expiration>`,
  "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
  "</Rule></LifecycleConfiguration>",
].join("");

/**
 * Sets up, where it is missing, what the users' guide has an account hold beside AWS Batch: bucket, role and log group, of the names
 * that are the program's defaults. What is there already stays as it is.
 */
export async function setUpAccount({
  s3,
  logs,
  iam,
}: {
  readonly s3: S3;
  readonly logs: LogsService;
  readonly iam: Iam;
}): Promise<void> {
  await logs.createGroupIfMissing("/aws/batch/job", KEPT_DAYS);
  await s3.createBucketIfMissing(BUCKET, { lifecycle: LIFECYCLE });
  await iam.createRoleIfMissing("NextstrainJobsRole", {
    trust: TRUST,
    policy: { name: "NextstrainJobsAccessToBucket", document: BUCKET_POLICY },
  });
}
