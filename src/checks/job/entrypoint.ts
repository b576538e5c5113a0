import { isCuredByAllowing, quoteRefusal, readRefusal } from "../../aws/refusal.ts";
import { adviseOnRefusal, mayDemandHeaders } from "../../aws/refusal-advice.ts";
import { quote } from "./advice.ts";
import { definitionOf, type JobEvidence, nameOf, type Symptom } from "./evidence.ts";
import { findLine } from "./log-signs.ts";

/** How many lines at the log's end are looked at for why the entrypoint ended: it ends at once. */
const LAST = 6;
/** Info-ZIP's zip(1): a file could not be opened. */
const UNREADABLE = 18;

const S3_ERROR = /An error occurred \((\w+)\) when calling the|NoSuchKey|NoSuchBucket|AccessDenied/;
const IS_GONE = /\((?:404|NoSuchKey|NoSuchBucket)\)|(?:key|bucket|object|"[^"]*") does not exist/i;
const BAD_CREDENTIALS =
  /\((?:InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|InvalidClientTokenId)\)/;
const IS_DENIED = /\((?:403|AccessDenied)\)|Forbidden|not authorized/;
const NO_CREDENTIALS = /Unable to locate credentials|NoCredential/i;

/** What goes wrong around the program that a job runs: fetching what it needs, and storing what it made. */
export const entrypointSymptoms: readonly Symptom[] = [
  {
    id: "no-role",
    see: (evidence) => {
      if (failure(evidence, NO_CREDENTIALS) === undefined) return undefined;
      const role = nameOf(evidence.job.container?.roleArn);
      const definition = definitionOf(evidence.job);
      if (role !== undefined) {
        return {
          says: `The job may not read the bucket: it was not given the role ${role} that its ${definition} names.`,
          mend: "Build again, since that may have been one bad computer. Where it comes back, `nextstrain check-setup aws-batch --run-job` tests the set-up by a small job.",
        };
      }
      return {
        says: `The job may not read the bucket: it has no AWS role, because its ${definition} names none.`,
        mend: "Run `nextstrain setup aws-batch --force`, or set the definition's Job role in the AWS console (Batch, Job definitions, Create new revision) to NextstrainJobsRole.",
      };
    },
  },
  {
    id: "bad-credentials",
    see: (evidence) => {
      const line = evidence.step === "storing the results" ? undefined : failure(evidence, BAD_CREDENTIALS);
      return (
        line !== undefined && {
          says: `AWS refuses the credentials that were passed to the job; the log says ${quote(line)}.`,
          mend: "Unset AWS_ACCESS_KEY_ID and the like here, so that the job uses its role; or pass credentials that are valid. Then build again.",
        }
      );
    },
  },
  {
    id: "variables-gone",
    see: (evidence) => {
      const { job } = evidence;
      if (!hasVariables(evidence) || evidence.step !== "variables") return undefined;
      if (failure(evidence, IS_GONE) === undefined) return undefined;
      const again = (job.attempts?.length ?? 1) > 1;
      return {
        says: `The job's environment variables were not in the bucket any more${again ? ": its first attempt deleted them, and a second attempt finds none" : ", so that it could not start"}.`,
        mend: again
          ? `Build again; and give the ${definitionOf(job)} a single attempt (AWS console: Batch, Job definitions, Create new revision, Job attempts 1).`
          : "Build again. Where it comes back, something else deletes objects from the bucket: `nextstrain check-setup aws-batch` shows the bucket's rules.",
      };
    },
  },
  {
    id: "directory-gone",
    see: (evidence) =>
      evidence.step === "fetching the directory" &&
      failure(evidence, IS_GONE) !== undefined && {
        says: `What was uploaded was not in the bucket any more when the job began${archiveText(evidence)}.`,
        mend: "Build again. Where it comes back, something deletes objects from the bucket: `nextstrain check-setup aws-batch` shows the bucket's rules.",
      },
  },
  {
    id: "bucket-denied",
    see: (evidence) => {
      const { job } = evidence;
      const step = evidence.step;
      const writing = step === "storing the results";
      if (step !== "variables" && step !== "fetching the directory" && !writing) return undefined;
      const line = failure(evidence, IS_DENIED);
      if (line === undefined) return undefined;
      const own = `s3:${writing ? "PutObject" : "GetObject"}`;
      const refusal = readRefusal(line);
      const permission = refusal.action ?? own;
      const headers = mayDemandHeaders(refusal, own)
        ? " If the bucket takes only uploads with encryption headers: the image sends none, and `nextstrain check-setup aws-batch` says what to do."
        : "";
      const attach =
        permission === own
          ? "Attach the policy NextstrainJobsAccessToBucket, with this bucket's name in it,"
          : `Give this permission${permission.startsWith("kms:") ? ", on the key that the bucket is encrypted with," : ""}`;
      const role = nameOf(job.container?.roleArn);
      if (!isCuredByAllowing(refusal)) {
        const holder = role === undefined ? "the job's role" : `the role ${role}`;
        return {
          says: `The job may not ${writing ? "write to" : "read"} the bucket${bucketText(evidence)}.${quoteRefusal(refusal)}`,
          mend: `${adviseOnRefusal(refusal, { permission, holder })}${headers}`,
        };
      }
      return {
        says: `The job may not ${writing ? "write to" : "read"} the bucket${bucketText(evidence)}: its role${role === undefined ? "" : ` ${role}`}, or the credentials that were passed to it, lack the permission ${permission}.${quoteRefusal(refusal)}`,
        mend: `${attach} to the role${role === undefined ? "" : ` ${role}`} (AWS console: IAM, Roles). Where AWS_ACCESS_KEY_ID and the like are set here, they are passed to the job: unset them to have it use the role.${headers}`,
      };
    },
  },
  {
    id: "results-not-stored",
    see: (evidence) => {
      const line = evidence.step === "storing the results" ? failure(evidence, S3_ERROR) : undefined;
      return (
        line !== undefined && {
          says: `The program ended, but its results could not be stored in the bucket${bucketText(evidence)}; the log says ${quote(line)}.`,
          mend: "Build again. Credentials that were passed to the job (AWS_SESSION_TOKEN) may have run out: unset them here to have it use its role.",
        }
      );
    },
  },
  {
    id: "directory-not-fetched",
    see: (evidence) => {
      const line = evidence.step === "fetching the directory" ? failure(evidence, S3_ERROR) : undefined;
      return (
        line !== undefined && {
          says: `The job could not fetch what was uploaded${archiveText(evidence)}; the log says ${quote(line)}.`,
          mend: "Build again. Where it comes back, `nextstrain check-setup aws-batch --run-job` tests the way from the job to the bucket.",
        }
      );
    },
  },
  {
    id: "directory-not-unpacked",
    see: ({ job, step }) =>
      job.exitCode !== undefined &&
      job.exitCode !== 0 &&
      step === "unpacking the directory" && {
        says: `The job could not unpack what was uploaded (unzip ended with exit status ${job.exitCode}); the end of the log names the file.`,
        mend: "Build again, which uploads it anew. Where it comes back, leave the file that the log names out: --exclude-from-upload FILE.",
      },
  },
  {
    id: "results-unreadable",
    see: ({ job, logEnd, step }) => {
      if (job.exitCode !== UNREADABLE || step !== "packing the results") return undefined;
      const line = findLine(logEnd, /could not open for reading|Permission denied/);
      const name = /could not open for reading: (.+)$/.exec(line ?? "")?.[1];
      return {
        says: `The results could not be packed, and nothing came back: zip could not read ${name === undefined ? "a file that the job made; the log names it" : quote(name)} (exit status 18).`,
        mend: "Have the workflow leave no files that their owner can't read (chmod u+r FILE as its last step), and none that other programs still delete when it ends; then build again.",
      };
    },
  },
];

/** The line that says why the entrypoint ended; undefined where it came to its own end. */
function failure({ logEnd, step }: JobEvidence, pattern: RegExp): string | undefined {
  return step === "over" || step === "running the program"
    ? undefined
    : findLine(logEnd.slice(-LAST), pattern);
}

function hasVariables({ job }: JobEvidence): boolean {
  return job.environment.has("NEXTSTRAIN_ENVD_URL");
}

function archiveText({ job }: JobEvidence): string {
  const url = job.environment.get("NEXTSTRAIN_AWS_BATCH_WORKDIR_URL");
  return url === undefined ? "" : ` (${url})`;
}

function bucketText({ job }: JobEvidence): string {
  const bucket = /^s3:\/\/([^/]+)\//.exec(job.environment.get("NEXTSTRAIN_AWS_BATCH_WORKDIR_URL") ?? "")?.[1];
  return bucket === undefined ? "" : ` ${bucket}`;
}
