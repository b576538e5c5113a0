import { UserError } from "../errors.ts";
import { checkBucketPolicy, checkRolePath } from "./adopt.ts";
import type { SomeParameters } from "./parameters.ts";
import type { Site } from "./site.ts";

/** Roles, policies and a group to use instead of making them, by name or ARN, as the options name them. */
export interface Named {
  readonly existingJobRole?: string;
  readonly existingBatchPolicy?: string;
  readonly existingBucketPolicy?: string;
  readonly existingLogsPolicy?: string;
  readonly existingGroup?: string;
}

/** Looks up what the options name. Throws UserError for what there isn't. */
export async function adoptNamed(site: Site, named: Named, bucket: string): Promise<SomeParameters> {
  const { existing } = site.services;
  const found: { -readonly [Name in keyof SomeParameters]: string } = {};
  if (named.existingJobRole !== undefined) {
    const name = lastOf(named.existingJobRole);
    const arn = await existing.role(name);
    if (arn === undefined) throw absent(`role ${name}`, "--existing-job-role");
    checkRolePath(name, arn);
    found.ExistingJobRole = name;
  }
  for (const [option, flag, parameter] of [
    ["existingBatchPolicy", "--existing-batch-policy", "ExistingBatchPolicyArn"],
    ["existingBucketPolicy", "--existing-bucket-policy", "ExistingBucketPolicyArn"],
    ["existingLogsPolicy", "--existing-logs-policy", "ExistingLogsPolicyArn"],
  ] as const) {
    const given = named[option];
    if (given === undefined) continue;
    const name = lastOf(given);
    const policy = await existing.policy(name);
    if (policy === undefined) throw absent(`policy ${name}`, flag);
    if (option === "existingBucketPolicy") checkBucketPolicy(name, policy.document, bucket);
    found[parameter] = policy.arn;
  }
  if (named.existingGroup !== undefined) {
    const name = lastOf(named.existingGroup);
    if ((await existing.group(name)) === undefined) throw absent(`group ${name}`, "--existing-group");
    found.ExistingGroup = name;
  }
  return found;
}

/** The name in an ARN, or what is a name already. */
function lastOf(nameOrArn: string): string {
  return nameOrArn.split("/").at(-1) ?? nameOrArn;
}

function absent(what: string, flag: string): UserError {
  return new UserError(`There is no ${what} in this account (${flag}).`, {
    hint: "Check the name in the IAM console, or leave the option out: then it is created.",
  });
}
