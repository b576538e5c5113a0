import { UserError } from "../errors.ts";
import type { Parameters, SomeParameters } from "./parameters.ts";
import type { Site } from "./site.ts";

/** Something of the account's that has a name the set-up wants to give, and what to make of it. */
interface Found {
  /** `the role NextstrainJobsRole` */
  readonly what: string;
  /** With which it is used instead of made. */
  readonly parameters: SomeParameters;
}

/** The policies whose names the guide fixes, and the parameter that names one to adopt. */
const POLICIES = [
  { name: "NextstrainJobsAccessToBatch", parameter: "ExistingBatchPolicyArn" },
  { name: "NextstrainJobsAccessToBucket", parameter: "ExistingBucketPolicyArn" },
  { name: "NextstrainJobsAccessToLogs", parameter: "ExistingLogsPolicyArn" },
] as const;
const JOB_ROLE = "NextstrainJobsRole";

/**
 * Looks for what exists already under the names that the stack would give: names in IAM are those of the whole account, so a
 * set-up in another region, or one made by hand, has them. Returns the parameters with which that is adopted, which is done
 * with `adopt`, or after asking. Throws UserError where it can't be adopted, or nobody agreed.
 *
 * @param before the parameters of the stack as it is; undefined where it is to be made
 */
export async function adoptExisting(
  site: Site,
  wanted: Parameters,
  { before, adopt }: { readonly before: ReadonlyMap<string, string> | undefined; readonly adopt: boolean },
): Promise<SomeParameters> {
  const found = (
    await Promise.all([
      findBucket(site, wanted, before),
      findQueue(site, wanted, before),
      ...(before === undefined ? [findRole(site, wanted), findPolicies(site, wanted)] : []),
    ])
  ).flat();
  const parameters: SomeParameters = Object.assign({}, ...found.map((one) => one.parameters));
  if (found.length === 0) return parameters;
  const { io } = site.context;
  io.out("These exist already, and can be used as they are:");
  for (const { what } of found) io.out(`  ${what}`);
  if (adopt) return parameters;
  if (site.questions.by === "person" && (await site.questions.confirm("Use them?"))) return parameters;
  throw new UserError("What exists already under the names of a set-up is not taken over without asking.", {
    hint: "To use it: --adopt. Else give other names (--s3-bucket …), or delete what is in the way. Names in IAM are the whole account's, whatever the region.",
  });
}

async function findBucket(
  { services }: Site,
  { BucketName: name }: Parameters,
  before: ReadonlyMap<string, string> | undefined,
): Promise<Found[]> {
  if (before?.get("BucketName") === name) return [];
  const state = await services.buckets.look(name);
  if (state === "somebody else's") {
    throw new UserError(`There is a bucket ${name} already, and these credentials may not use it.`, {
      hint: "Buckets' names are unique in the world: choose another with --s3-bucket.",
    });
  }
  return state === "absent" ? [] : [{ what: `the S3 bucket ${name}`, parameters: { CreateBucket: "no" } }];
}

/** A queue can't be adopted: it would keep its own compute environment. */
async function findQueue(
  { services, region }: Site,
  { JobQueueName: name }: Parameters,
  before: ReadonlyMap<string, string> | undefined,
): Promise<Found[]> {
  if (before?.get("JobQueueName") === name || !(await services.existing.queue(name))) return [];
  throw new UserError(`There is a job queue ${name} in ${region} already, which this set-up did not make.`, {
    hint: "Give the new one another name: --aws-batch-queue NAME (and --aws-batch-job NAME for the job definition).",
  });
}

async function findRole({ services }: Site, wanted: Parameters): Promise<Found[]> {
  if (wanted.ExistingJobRole !== "") return [];
  const arn = await services.existing.role(JOB_ROLE);
  if (arn === undefined) return [];
  checkRolePath(JOB_ROLE, arn);
  return [{ what: `the role ${JOB_ROLE}`, parameters: { ExistingJobRole: JOB_ROLE } }];
}

async function findPolicies({ services }: Site, wanted: Parameters): Promise<Found[]> {
  const found: Found[] = [];
  for (const { name, parameter } of POLICIES) {
    if (wanted[parameter] !== "") continue;
    const policy = await services.existing.policy(name);
    if (policy === undefined) continue;
    if (parameter === "ExistingBucketPolicyArn") checkBucketPolicy(name, policy.document, wanted.BucketName);
    found.push({ what: `the policy ${name}`, parameters: { [parameter]: policy.arn } });
  }
  return found;
}

/** The template makes a role's ARN of its name: one with a path would not be found when a job starts. */
export function checkRolePath(name: string, arn: string): void {
  if (arn.endsWith(`:role/${name}`)) return;
  throw new UserError(`The role ${name} has a path in its ARN (${arn}): it can't be the role of the jobs.`, {
    hint: "Users may pass roles without a path only. Name one without: --existing-job-role NAME.",
  });
}

/** With a policy for another bucket, each job would fail when it asks for its files. */
export function checkBucketPolicy(name: string, document: string, bucket: string): void {
  const buckets = [...document.matchAll(/:s3:::([^"/]+)/g)].map(([, pattern = ""]) => pattern);
  if (buckets.some((pattern) => asExpression(pattern).test(bucket))) return;
  throw new UserError(
    `There is a policy ${name} already, and it is for ${[...new Set(buckets)].join(", ") || "no bucket"}, not for ${bucket}.`,
    {
      hint: `Share that bucket (--s3-bucket ${buckets[0] ?? "NAME"}; it may be in another region), or add ${bucket} to the policy first.`,
    },
  );
}

/** A pattern of IAM's, in which * and ? stand for any characters and for one. */
function asExpression(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}
