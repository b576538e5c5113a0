import { isCuredByAllowing, type Refusal, UNEXPLAINED } from "../../aws/refusal.ts";
import { adviseOnRefusal, encryptionAdvice } from "../../aws/refusal-advice.ts";
import type { Allowances } from "../facts/permissions.ts";
import { thenLook } from "../look.ts";
import { listInWords, paste } from "./places.ts";
import { adviseOn, type Check, quoteOf, subject } from "./subject.ts";

/** What a build may need to be allowed. */
interface Permission {
  readonly action: string;
  /** What it is needed for, after "You may not ". */
  readonly to: string;
  /** Builds work without it; what they don't do then, after the sentence. */
  readonly without?: string;
  /** What shows whether it is there, where that can't be told; by default the next build. */
  readonly shownBy?: string;
}

const FOR_IMAGES = {
  without: "Only builds with --image need it.",
  shownBy: "Nothing needs to be done unless you build with --image, which shows it.",
};

const TAGGING = "batch:TagResource";

/** The permissions of the users' guide that builds use. Those to look at queue, definition and bucket are told with these. */
const PERMISSIONS: readonly Permission[] = [
  { action: "s3:PutObject", to: "upload builds to the bucket" },
  { action: "s3:GetObject", to: "download results from the bucket" },
  {
    action: "s3:DeleteObject",
    to: "delete from the bucket",
    without: "What a build that broke off has uploaded stays there, and may hold passwords and keys.",
  },
  {
    action: "batch:SubmitJob",
    to: "submit jobs to the queue",
    shownBy: `Try it with a small job:${paste("nextstrain check-setup aws-batch --run-job")}`,
  },
  { action: "batch:DescribeJobs", to: "ask how jobs are doing" },
  {
    action: "batch:TerminateJob",
    to: "stop jobs",
    without: "One that goes wrong runs, and costs, until its time limit.",
    shownBy: "The first job that you cancel shows it.",
  },
  // Asked about only where jobs are given tags.
  { action: TAGGING, to: "give jobs tags, as your options or config file say" },
  { action: "logs:GetLogEvents", to: "read the logs of jobs" },
  {
    action: "batch:RegisterJobDefinition",
    to: "register a job definition with another image",
    ...FOR_IMAGES,
  },
  { action: "iam:PassRole", to: "give the jobs' role to a job definition of yours", ...FOR_IMAGES },
];

/** The policy of the users' guide that grants it. */
function policyOf(action: string): string {
  const to = action.startsWith("s3:") ? "Bucket" : action.startsWith("logs:") ? "Logs" : "Batch";
  return `NextstrainJobsAccessTo${to}`;
}

/** `s3:PutObject` → `permissions.s3.putobject` */
const idOf = (action: string) => `permissions.${action.toLowerCase().replace(":", ".")}`;

/** What the user must be allowed. */
export const permissionsSubject = subject<Allowances>({
  id: "permissions",
  called: () => "what you may do",
  async see(facts) {
    const [bucket, identity] = await Promise.all([facts.bucket(), facts.identity()]);
    // There is nothing to try it on, or nobody to ask about: told of these.
    if (bucket.kind === "absent" || identity.kind !== "seen") return undefined;
    const permissions = facts.permissions();
    if (bucket.kind !== "denied") return permissions;
    // Of a bucket that is closed to the user altogether is told already.
    return thenLook(permissions, async (all) => ({
      kind: "seen",
      value:
        all.get("s3:PutObject")?.kind === "allowed"
          ? all
          : new Map([...all].filter(([action]) => !action.startsWith("s3:"))),
    }));
  },
  checks: [
    {
      id: "permissions",
      find(allowances) {
        const allowed = PERMISSIONS.filter(({ action }) => allowances.get(action)?.kind === "allowed");
        if (allowed.length === 0) return undefined;
        const needed = PERMISSIONS.filter(({ action }) => action !== TAGGING || allowances.has(action));
        const all = allowed.length === needed.length ? "You may do all that builds take" : "You may do";
        return { mark: "ok", says: `${all}: ${listInWords(allowed.map(({ action }) => action))}.` };
      },
    },
    ...PERMISSIONS.map(checkOf),
  ],
});

function checkOf({ action, to, without, shownBy }: Permission): Check<Allowances> {
  return {
    id: idOf(action),
    find(allowances) {
      const allowance = allowances.get(action);
      if (allowance === undefined || allowance.kind === "allowed") return undefined;
      if (allowance.kind === "refused") {
        const { permission = action, refusal = UNEXPLAINED } = allowance;
        const on = permission.startsWith("kms:") ? " on the key that the bucket is encrypted with" : "";
        return {
          mark: without === undefined ? "wrong" : "caution",
          says: `You may not ${to} (the permission ${permission}${on}).${without === undefined ? "" : ` ${without}`}${quoteOf(allowance)}`,
          mend: mendOf(action, permission, refusal),
        };
      }
      return {
        mark: "unknown",
        says: `It can't be told whether you may ${to} (${action})${allowance.permission ? `: that takes the permission ${allowance.permission}` : ""}.`,
        mend: shownBy ?? "The next build shows it.",
      };
    },
  };
}

function mendOf(action: string, permission: string, refusal: Refusal): string {
  if (permission !== action) {
    return `${adviseOn({ permission, refusal }, "To get it, ")} The role of jobs may need it, too.`;
  }
  if (action === TAGGING && isCuredByAllowing(refusal)) {
    return `${adviseOn({ permission, refusal }, "To get it, ")} Or leave out the tags, where your account doesn't demand any.`;
  }
  const headers = encryptionAdvice(refusal, permission);
  if (!isCuredByAllowing(refusal)) return adviseOnRefusal(refusal, { permission }) + headers;
  return `To get it, ask the administrator of your AWS account for the policy ${policyOf(action)}, or for this permission alone.${headers}`;
}
