import { AwsError } from "../http.ts";
import { deleteConflict, document, type IamCall, newName, type Operation, required } from "./call.ts";
import { describePolicy } from "./describe.ts";
import { newId, noSuchEntity } from "./store.ts";

const createPolicy: Operation = async (call) => {
  const { store, accountId, parameters, now } = call;
  const name = newName(call, "PolicyName");
  const path = parameters.get("Path") ?? "/";
  const arn = `arn:aws:iam::${accountId}:policy${path}${name}`;
  if (Object.hasOwn(store.state.policies, arn)) {
    throw new AwsError(
      "EntityAlreadyExists",
      `A policy called ${name} already exists. Duplicate names are not allowed.`,
      409,
    );
  }
  const policy = {
    ...{ name, path, arn, id: newId("ANPA"), created: new Date(now()).toISOString() },
    document: document(call, "PolicyDocument"),
  };
  store.state.policies[arn] = policy;
  await store.save();
  return { Policy: describePolicy(store, policy) };
};

function policyOf(call: IamCall) {
  const arn = required(call, "PolicyArn");
  const policy = Object.hasOwn(call.store.state.policies, arn) ? call.store.state.policies[arn] : undefined;
  if (policy === undefined) throw noSuchEntity(`Policy ${arn} was not found.`);
  return policy;
}

const deletePolicy: Operation = async (call) => {
  const { arn } = policyOf(call);
  const { users, groups, roles } = call.store.state;
  const holders = [users, groups, roles].flatMap((entities) => Object.values(entities));
  if (holders.some(({ attached }) => attached.includes(arn))) {
    throw deleteConflict("must detach the policy first.");
  }
  delete call.store.state.policies[arn];
  await call.store.save();
  return undefined;
};

const getPolicyVersion: Operation = (call) => {
  const policy = policyOf(call);
  return {
    PolicyVersion: {
      Document: encodeURIComponent(policy.document),
      VersionId: "v1",
      IsDefaultVersion: true,
      CreateDate: policy.created,
    },
  };
};

/** Managed policies; each has one version. */
export const policyOperations: Readonly<Record<string, Operation>> = {
  CreatePolicy: createPolicy,
  GetPolicy: (call) => ({ Policy: describePolicy(call.store, policyOf(call)) }),
  GetPolicyVersion: getPolicyVersion,
  ListPolicies: ({ store }) => ({
    Policies: { member: Object.values(store.state.policies).map((policy) => describePolicy(store, policy)) },
    IsTruncated: false,
  }),
  DeletePolicy: deletePolicy,
};
