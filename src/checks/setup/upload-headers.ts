import { UNEXPLAINED } from "../../aws/refusal.ts";
import type { UploadHeaders } from "../facts/upload-headers.ts";
import type { Facts } from "../facts.ts";
import { paste } from "./places.ts";
import { type Outcome, quoteOf, subject } from "./subject.ts";

/** Whether jobs can store their results: the image uploads them by `aws s3 cp`, without encryption headers. */
export const uploadHeadersSubject = subject<UploadHeaders>({
  id: "bucket.headers",
  called: () => "which encryption headers the bucket demands",
  see: async (facts) => ((await facts.bucket()).kind === "absent" ? undefined : facts.uploadHeaders()),
  checks: [
    { id: "bucket.headers.own", find: findOwn },
    { id: "bucket.headers.jobs", find: findJobs },
  ],
});

function findOwn(headers: UploadHeaders, { aws }: Facts): Outcome | undefined {
  if (aws.encryption !== undefined) {
    return { mark: "ok", says: `Your uploads carry the encryption header ${aws.encryption.algorithm}.` };
  }
  if (headers.kind === "any") return undefined;
  const { algorithm, refusal } = headers;
  return {
    mark: "wrong",
    says: `The bucket takes only uploads with the encryption header ${algorithm}, and yours carry none.${quoteOf({ refusal })}`,
    mend: `Set NEXTSTRAIN_AWS_BATCH_SSE=${algorithm}, or "sse = ${algorithm}" under [aws-batch] in ~/.nextstrain/config.`,
  };
}

/** A statement that denies other headers, and not their absence. */
const CONDITION = `"Null": {"s3:x-amz-server-side-encryption": "false"}`;

function findJobs(headers: UploadHeaders, { names }: Facts): Outcome | undefined {
  if (headers.kind === "any") return undefined;
  const { algorithm, refusal = UNEXPLAINED } = headers;
  // A policy of the user's own: jobs have others.
  if (refusal.policy === "identity" || refusal.policy === "boundary" || refusal.policy === "session") {
    return undefined;
  }
  return {
    mark: "wrong",
    says: `Jobs can't store their results in the S3 bucket "${names.bucket.value}": it takes only uploads with the encryption header ${algorithm}, and the image makes its own without one (aws s3 cp).${quoteOf({ refusal })}`,
    mend: `Ask whoever owns the bucket to make ${algorithm} its default encryption, and to add this to the condition of the statement that denies uploads, so that it no longer denies those without the header:${paste(CONDITION)}\nOr use an image whose /sbin/entrypoint-aws-batch calls aws s3 cp with --sse ${algorithm}.`,
  };
}
