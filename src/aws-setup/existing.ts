import type { BatchClient } from "@aws-sdk/client-batch";
import {
  GetPolicyVersionCommand,
  GetRoleCommand,
  type IAMClient,
  paginateGetGroup,
  paginateListPolicies,
  RemoveUserFromGroupCommand,
} from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import { describeDefinition } from "../aws/batch.ts";
import { explained } from "../aws/errors.ts";
import { describeQueue } from "../aws/queue.ts";
import type { Existing } from "./services.ts";

/** {@link Existing} of an account and region. */
export function createExisting(
  { iam, sts, batch }: { readonly iam: IAMClient; readonly sts: STSClient; readonly batch: BatchClient },
  signal: AbortSignal,
): Existing {
  const options = { abortSignal: signal };
  return {
    async accountId() {
      const { Account = "" } = await explained("find out which account this is", signal, () =>
        sts.send(new GetCallerIdentityCommand({}), options),
      );
      return Account;
    },

    role: (name) =>
      explained(`look up the role ${name}`, signal, async () => {
        const answer = await orAbsent(iam.send(new GetRoleCommand({ RoleName: name }), options));
        return answer?.Role?.Arn;
      }),

    policy: (name) =>
      explained(`look up the policy ${name}`, signal, async () => {
        // By name there is no other way: a policy's ARN has a path in it, which may be anything.
        for await (const { Policies = [] } of paginateListPolicies(
          { client: iam },
          { Scope: "Local" },
          options,
        )) {
          const found = Policies.find(({ PolicyName }) => PolicyName === name);
          if (found?.Arn === undefined) continue;
          const { PolicyVersion } = await iam.send(
            new GetPolicyVersionCommand({ PolicyArn: found.Arn, VersionId: found.DefaultVersionId }),
            options,
          );
          return { arn: found.Arn, document: decodeURIComponent(PolicyVersion?.Document ?? "") };
        }
        return undefined;
      }),

    group: (name) =>
      explained(`look up the group ${name}`, signal, () => orAbsent(membersOf(iam, name, signal))),

    async leaveGroup(name, user) {
      await explained(`take ${user} out of the group ${name}`, signal, () =>
        iam.send(new RemoveUserFromGroupCommand({ GroupName: name, UserName: user }), options),
      );
    },

    async queue(name) {
      const queue = await explained(`look up the job queue ${name}`, signal, () =>
        describeQueue(batch, name, signal),
      );
      return queue !== undefined && queue.status !== "DELETED";
    },

    async definition(name) {
      const definition = await explained(`look up the job definition ${name}`, signal, () =>
        describeDefinition(batch, name, signal),
      );
      return definition !== undefined;
    },
  };
}

async function membersOf(iam: IAMClient, name: string, abortSignal: AbortSignal): Promise<string[]> {
  const members: string[] = [];
  for await (const { Users = [] } of paginateGetGroup(
    { client: iam },
    { GroupName: name },
    { abortSignal },
  )) {
    members.push(...Users.map(({ UserName = "" }) => UserName));
  }
  return members;
}

/** IAM's error for all that does not exist. */
async function orAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && error.name === "NoSuchEntityException") return undefined;
    throw error;
  }
}
