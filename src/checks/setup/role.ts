import { isCuredByAllowing, type Refusal } from "../../aws/refusal.ts";
import { adviseOnRefusal } from "../../aws/refusal-advice.ts";
import { nameInArn } from "../arn.ts";
import type { Facts } from "../facts.ts";
import { thenLook } from "../look.ts";
import type { Seen } from "../seen.ts";
import { awsCommand, consolePage, paste, setUp } from "./places.ts";
import { type Outcome, type Subject, subject } from "./subject.ts";

/** The service that runs a job's container, and gives it the role. */
const TASKS = "ecs-tasks.amazonaws.com";

const TRUST = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: TASKS }, Action: "sts:AssumeRole" }],
};

/** Undefined where the definition can't be seen, or gives no role: told of the definition. */
async function roleArnOf(facts: Facts): Promise<string | undefined> {
  const definition = await facts.definition();
  return definition.kind === "seen" ? definition.value.roleArn : undefined;
}

const called = ({ names }: Facts) => `the role that the job definition "${names.job.value}" gives jobs`;

const roleSubject = subject({
  id: "role",
  called,
  see: async (facts) => ((await roleArnOf(facts)) === undefined ? undefined : facts.role()),
  absent: (facts) => ({
    mark: "wrong",
    says: `The role that the job definition "${facts.names.job.value}" gives jobs doesn't exist: they can't start.`,
    mend: `Have the definition name one that there is, by "Create new revision", here:${paste(consolePage(facts, "batch", "job-definition"))}${setUp(facts, "Or make all of it anew", "--force")}`,
  }),
  checks: [
    {
      id: "role.trust",
      find({ name, trusted }, facts) {
        if (trusted.includes(TASKS)) return { mark: "ok", says: `Jobs are given the role ${name}.` };
        return {
          mark: "wrong",
          says: `The role ${name}, which jobs are given, doesn't trust ${TASKS}, the service that starts them: they can't start.`,
          mend: `Have it trust that service, and only that:${awsCommand(facts, `iam update-assume-role-policy --role-name ${name} --policy-document '${JSON.stringify(TRUST)}'`)}`,
        };
      },
    },
  ],
});

const accessSubject = subject({
  id: "role.access",
  called: () => "what jobs may do by their role",
  async see(facts): Promise<Seen<Access> | undefined> {
    const [roleArn, bucket] = await Promise.all([roleArnOf(facts), facts.bucket()]);
    if (roleArn === undefined || bucket.kind === "absent") return undefined;
    if ((await facts.role()).kind === "absent") return undefined;
    return thenLook(facts.roleAccess(), async (decisions) => ({
      kind: "seen",
      value: {
        arn: roleArn,
        refused: [...decisions].flatMap(([action, decision]) =>
          decision.kind === "refused" ? [{ action, refusal: decision.refusal }] : [],
        ),
        isTold: ![...decisions.values()].some(({ kind }) => kind === "untold"),
        // IAM answers by the role's own policies: the bucket's may allow what they don't.
        isAll: (await facts.bucketPolicy()).kind === "absent",
      },
    }));
  },
  checks: [{ id: "role.bucket", find: findAccess }],
});

interface Access {
  /** The role's name of resource. */
  readonly arn: string;
  /** Actions that its policies don't allow, or deny. */
  readonly refused: readonly { readonly action: string; readonly refusal: Refusal }[];
  /** Whether IAM could tell of each action. */
  readonly isTold: boolean;
  /** Whether nothing else could allow them: the bucket has no policy of its own. */
  readonly isAll: boolean;
}

function findAccess({ arn, refused, isTold, isAll }: Access, facts: Facts): Outcome | undefined {
  const bucket = facts.names.bucket.value;
  const role = nameInArn(arn);
  const lacks = refused.map(({ action }) => action).join(", ");
  const lasting = refused.find(({ refusal }) => !isCuredByAllowing(refusal));
  if (lasting !== undefined) {
    const { action, refusal } = lasting;
    return {
      mark: "wrong",
      says: `Jobs can't use the S3 bucket "${bucket}": the role ${role}, which they are given, may not do ${lacks}.`,
      mend: adviseOnRefusal(refusal, { permission: action, holder: `the role ${role}` }),
    };
  }
  if (refused.length > 0 && !isAll) {
    return {
      mark: "unknown",
      says: `It can't be told whether jobs may use the S3 bucket "${bucket}": the role ${role}, which they are given, lacks ${lacks}, and the bucket may have a policy of its own that allows it.`,
      mend: `Try it with a small job:${paste("nextstrain check-setup aws-batch --run-job")}`,
    };
  }
  if (refused.length > 0) {
    return {
      mark: "wrong",
      says: `Jobs can't use the S3 bucket "${bucket}": the role ${role}, which they are given, lacks ${lacks}.`,
      mend: `Let it, or ask the administrator of your AWS account to:${awsCommand(facts, `iam put-role-policy --role-name ${role} --policy-name NextstrainJobsAccessToBucket --policy-document '${JSON.stringify(bucketPolicy(bucket, arn))}'`)}`,
    };
  }
  if (!isTold) return undefined;
  return { mark: "ok", says: `With it jobs may read and write what is in the S3 bucket "${bucket}".` };
}

/** NextstrainJobsAccessToBucket, as the users' guide has it, in the role's part of AWS (`aws`, `aws-cn`). */
function bucketPolicy(bucket: string, roleArn: string) {
  const here = `arn:${roleArn.split(":")[1]}:s3:::${bucket}`;
  const resources = [`${here}/*`, here];
  const actions = ["s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:DeleteObject"];
  return {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: actions, Resource: resources }],
  };
}

/** What must hold of the role that jobs have, whatever its name. */
export const roleSubjects: readonly Subject[] = [roleSubject, accessSubject];
