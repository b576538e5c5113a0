import { AwsError } from "../http.ts";
import {
  deleteConflict,
  document,
  hasPathAsked,
  type IamCall,
  newName,
  newPath,
  type Operation,
  pageOf,
  type Run,
  required,
} from "./call.ts";
import { describePolicy } from "./describe.ts";
import { newId, noSuchEntity } from "./store.ts";

const createPolicy: Run = async (call) => {
  const { store, accountId, parameters, now } = call;
  const name = newName(call, "PolicyName");
  const path = newPath(call);
  const description = parameters.get("Description");
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
    document: document(call, "PolicyDocument", { quota: { name: "PolicySize", size: 6_144 } }),
    ...(description === null ? {} : { description }),
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

function isAttached({ store }: IamCall, arn: string): boolean {
  const { users, groups, roles } = store.state;
  const holders = [users, groups, roles].flatMap((entities) => Object.values(entities));
  return holders.some(({ attached }) => attached.includes(arn));
}

const deletePolicy: Run = async (call) => {
  const { arn } = policyOf(call);
  if (isAttached(call, arn)) {
    throw deleteConflict("must detach the policy first.");
  }
  delete call.store.state.policies[arn];
  await call.store.save();
  return undefined;
};

const getPolicyVersion: Run = (call) => {
  const policy = policyOf(call);
  const version = required(call, "VersionId");
  if (version !== "v1") {
    throw noSuchEntity(`Policy ${policy.arn} version ${version} does not exist or is not attachable.`);
  }
  return {
    PolicyVersion: {
      Document: encodeURIComponent(policy.document),
      VersionId: "v1",
      IsDefaultVersion: true,
      CreateDate: policy.created,
    },
  };
};

/** AWS's own policies are not here, so that there are none of the scope `AWS`. */
const listPolicies: Run = (call) => {
  const { store, parameters } = call;
  const scope = parameters.get("Scope") ?? "All";
  if (!["All", "AWS", "Local"].includes(scope)) {
    throw new AwsError("ValidationError", `Value '${scope}' at 'scope' failed to satisfy constraint`);
  }
  const onlyAttached = parameters.get("OnlyAttached") === "true";
  const found = Object.values(store.state.policies)
    .filter(() => scope !== "AWS")
    .filter(({ arn }) => !onlyAttached || isAttached(call, arn))
    .filter(hasPathAsked(call));
  const { items, more } = pageOf(call, found);
  return { Policies: { member: items.map((policy) => describePolicy(store, policy)) }, ...more };
};

/** Managed policies; each has one version. */
export const policyOperations: Readonly<Record<string, Operation>> = {
  CreatePolicy: { run: createPolicy, reads: ["PolicyName", "Path", "PolicyDocument", "Description"] },
  GetPolicy: {
    run: (call) => ({ Policy: describePolicy(call.store, policyOf(call)) }),
    reads: ["PolicyArn"],
  },
  GetPolicyVersion: { run: getPolicyVersion, reads: ["PolicyArn", "VersionId"] },
  ListPolicies: { run: listPolicies, reads: ["Scope", "OnlyAttached", "PathPrefix", "Marker", "MaxItems"] },
  DeletePolicy: { run: deletePolicy, reads: ["PolicyArn"] },
};
