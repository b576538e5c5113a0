import { randomUUID } from "node:crypto";
import type { Aws } from "../../aws/clients.ts";
import type { Refusal } from "../../aws/refusal.ts";
import type { Seen } from "../seen.ts";
import { assumedRole, type Identity } from "./account.ts";
import { seeRole } from "./role.ts";
import { simulate } from "./simulation.ts";
import { tryPermissions } from "./tries.ts";

/** Whether the user may do something. */
export type Allowance =
  | { readonly kind: "allowed" }
  /** The permission that is lacking, where AWS has named it: it may be another than the action's. */
  | { readonly kind: "refused"; readonly permission?: string; readonly refusal?: Refusal | undefined }
  /** The permission that finding out would take, where it is that. */
  | { readonly kind: "untold"; readonly permission: string | undefined };

/** By action. */
export type Allowances = ReadonlyMap<string, Allowance>;

/** What a build touches, by name or name of resource. */
export interface Touched {
  readonly bucket: string;
  readonly prefix: string;
  readonly queueArn: string;
  readonly definitionArn: string;
  readonly roleArn: string | undefined;
  /** Whether jobs are given tags. */
  readonly isTagged: boolean;
}

/** Finds out what the user may do: by harmless tries, and for what can't be tried by asking IAM. */
export async function seePermissions(
  aws: Aws,
  identity: Identity,
  touched: Touched,
  signal: AbortSignal,
): Promise<Allowances> {
  const [tries, asked] = await Promise.all([
    tryPermissions(aws, touched, signal),
    askIam(aws, identity, touched, signal),
  ]);
  const tried = [...tries].map(([action, seen]): [string, Allowance] => [action, allowanceOf(seen)]);
  return new Map([...tried, ...asked]);
}

function allowanceOf(seen: Seen<boolean | undefined>): Allowance {
  if (seen.kind === "denied") return { kind: "refused", permission: seen.permission, refusal: seen.refusal };
  if (seen.kind !== "seen" || seen.value === undefined) return { kind: "untold", permission: undefined };
  return { kind: seen.value ? "allowed" : "refused" };
}

async function askIam(
  aws: Aws,
  identity: Identity,
  { queueArn, definitionArn, roleArn, isTagged }: Touched,
  signal: AbortSignal,
): Promise<[string, Allowance][]> {
  const anyJob = queueArn.replace(/:job-queue\/.*$/, `:job/${randomUUID()}`);
  const questions: (readonly [action: string, resources: readonly string[]])[] = [
    ["batch:SubmitJob", [queueArn, definitionArn]],
    ["batch:TerminateJob", [anyJob]],
    ...(isTagged ? [["batch:TagResource", [anyJob]] as const] : []),
    ["batch:RegisterJobDefinition", [definitionArn]],
    ...(roleArn === undefined ? [] : [["iam:PassRole", [roleArn]] as const]),
  ];
  const who = await principalOf(aws, identity, signal);
  return Promise.all(
    questions.map(async ([action, resources]): Promise<[string, Allowance]> => {
      if (who.kind !== "seen") {
        return [action, { kind: "untold", permission: who.kind === "denied" ? who.permission : undefined }];
      }
      // Nobody restricts an account's root user.
      if (who.value.endsWith(":root")) return [action, { kind: "allowed" }];
      const answers = await Promise.all(
        resources.map((resource) => simulate(aws, { who: who.value, actions: [action], resource }, signal)),
      );
      return [action, together(answers.map((seen) => answerOf(seen, action)))];
    }),
  );
}

function answerOf(seen: Awaited<ReturnType<typeof simulate>>, action: string): Allowance {
  if (seen.kind === "denied") return { kind: "untold", permission: seen.permission };
  const decision = seen.kind === "seen" ? seen.value.get(action) : undefined;
  if (decision === undefined || decision.kind === "untold") return { kind: "untold", permission: undefined };
  return decision;
}

/** Of several resources, all must be allowed. */
function together(answers: readonly Allowance[]): Allowance {
  return (
    answers.find(({ kind }) => kind === "refused") ??
    answers.find(({ kind }) => kind === "untold") ?? { kind: "allowed" }
  );
}

/** Whose policies hold: the user's, or those of the role that they have assumed, whose path only IAM knows. */
async function principalOf(aws: Aws, identity: Identity, signal: AbortSignal): Promise<Seen<string>> {
  const name = assumedRole(identity);
  if (name === undefined) return { kind: "seen", value: identity.arn };
  const role = await seeRole(aws, name, signal);
  return role.kind === "seen" ? { kind: "seen", value: role.value.arn } : role;
}
