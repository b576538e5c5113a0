import { AwsError } from "../http.ts";
import type { XmlContent } from "../xml.ts";
import { describeEntity, describePolicy } from "./describe.ts";
import { parsePolicy } from "./policy.ts";
import { entityOf, type IamStore, type Kind, newId, newKey, noSuchEntity } from "./store.ts";

/** What operations work with: the state, and the request's parameters. */
export interface IamCall {
  readonly store: IamStore;
  readonly accountId: string;
  readonly parameters: URLSearchParams;
  /** Who asks, where it is a user of IAM. */
  readonly userName: string | undefined;
  /** Milliseconds since 1970. */
  now(): number;
}

/** An operation: what stands in its result, or nothing where it has none. */
type Operation = (call: IamCall) => XmlContent | Promise<XmlContent>;

const named: Readonly<Record<Kind, string>> = { users: "User", groups: "Group", roles: "Role" };

function required({ parameters }: IamCall, name: string): string {
  const value = parameters.get(name);
  if (value !== null && value !== "") return value;
  throw new AwsError(
    "ValidationError",
    `1 validation error detected: Value null at '${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must not be null`,
  );
}

/** @throws AwsError ValidationError */
function newName(call: IamCall, parameter: string): string {
  const name = required(call, parameter);
  if (/^[\w+=,.@-]{1,128}$/.test(name)) return name;
  throw new AwsError("ValidationError", `The specified value for ${parameter} is invalid: ${name}`);
}

function document(call: IamCall, parameter: string): string {
  const text = required(call, parameter);
  parsePolicy(text);
  return text;
}

function alreadyExists(what: string, name: string): AwsError {
  return new AwsError("EntityAlreadyExists", `${what} with name ${name} already exists.`, 409);
}

function deleteConflict(message: string): AwsError {
  return new AwsError("DeleteConflict", `Cannot delete entity, ${message}`, 409);
}

const create =
  (kind: Kind): Operation =>
  async (call) => {
    const { store, parameters, now } = call;
    const name = newName(call, `${named[kind]}Name`);
    if (Object.hasOwn(store.state[kind], name)) throw alreadyExists(named[kind], name);
    const common = {
      name,
      path: parameters.get("Path") ?? "/",
      created: new Date(now()).toISOString(),
      inline: {},
      attached: [],
    };
    if (kind === "users") store.state.users[name] = { ...common, id: newId("AIDA"), keys: [], groups: [] };
    else if (kind === "groups") store.state.groups[name] = { ...common, id: newId("AGPA") };
    else {
      const trust = required(call, "AssumeRolePolicyDocument");
      store.state.roles[name] = { ...common, id: newId("AROA"), trust, key: newKey(now()) };
    }
    await store.save();
    return { [named[kind]]: describeEntity(kind, entityOf(store, kind, name), call.accountId) };
  };

const get =
  (kind: Kind): Operation =>
  (call) => {
    const name =
      (kind === "users" ? (call.parameters.get("UserName") ?? call.userName) : undefined) ??
      required(call, `${named[kind]}Name`);
    const entity = entityOf(call.store, kind, name);
    const members = Object.values(call.store.state.users).filter(({ groups }) => groups.includes(name));
    return {
      [named[kind]]: describeEntity(kind, entity, call.accountId),
      ...(kind === "groups"
        ? {
            Users: { member: members.map((user) => describeEntity("users", user, call.accountId)) },
            IsTruncated: false,
          }
        : {}),
    };
  };

const list =
  (kind: Kind): Operation =>
  ({ store, accountId }) => ({
    [`${named[kind]}s`]: {
      member: Object.values(store.state[kind]).map((entity) => describeEntity(kind, entity, accountId)),
    },
    IsTruncated: false,
  });

const remove =
  (kind: Kind): Operation =>
  async (call) => {
    const { store } = call;
    const name = required(call, `${named[kind]}Name`);
    const entity = entityOf(store, kind, name);
    if (entity.attached.length > 0) throw deleteConflict("must detach all policies first.");
    if (Object.keys(entity.inline).length > 0) throw deleteConflict("must delete policies first.");
    const user = store.state.users[name];
    if (kind === "users" && user !== undefined) {
      if (user.keys.length > 0) throw deleteConflict("must delete access keys first.");
      if (user.groups.length > 0) throw deleteConflict("must remove users from group first.");
    }
    if (kind === "groups" && Object.values(store.state.users).some(({ groups }) => groups.includes(name))) {
      throw deleteConflict("must remove users from group first.");
    }
    delete store.state[kind][name];
    await store.save();
    return undefined;
  };

const attach =
  (kind: Kind): Operation =>
  async (call) => {
    const { attached } = entityOf(call.store, kind, required(call, `${named[kind]}Name`));
    const arn = required(call, "PolicyArn");
    const isKnown = Object.hasOwn(call.store.state.policies, arn) || arn.startsWith("arn:aws:iam::aws:");
    if (!isKnown) throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
    if (!attached.includes(arn)) attached.push(arn);
    await call.store.save();
    return undefined;
  };

const detach =
  (kind: Kind): Operation =>
  async (call) => {
    const { attached } = entityOf(call.store, kind, required(call, `${named[kind]}Name`));
    const arn = required(call, "PolicyArn");
    if (!attached.includes(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
    attached.splice(attached.indexOf(arn), 1);
    await call.store.save();
    return undefined;
  };

const listAttached =
  (kind: Kind): Operation =>
  (call) => ({
    AttachedPolicies: {
      member: entityOf(call.store, kind, required(call, `${named[kind]}Name`)).attached.map((arn) => ({
        PolicyName: arn.split("/").at(-1),
        PolicyArn: arn,
      })),
    },
    IsTruncated: false,
  });

const putInline =
  (kind: Kind): Operation =>
  async (call) => {
    const { inline } = entityOf(call.store, kind, required(call, `${named[kind]}Name`));
    inline[newName(call, "PolicyName")] = document(call, "PolicyDocument");
    await call.store.save();
    return undefined;
  };

const getInline =
  (kind: Kind): Operation =>
  (call) => {
    const name = required(call, `${named[kind]}Name`);
    const policy = required(call, "PolicyName");
    const text = entityOf(call.store, kind, name).inline[policy];
    if (text === undefined) throw noSuchEntity(`The policy with name ${policy} cannot be found.`);
    return {
      [`${named[kind]}Name`]: name,
      PolicyName: policy,
      PolicyDocument: encodeURIComponent(text),
    };
  };

const deleteInline =
  (kind: Kind): Operation =>
  async (call) => {
    const { inline } = entityOf(call.store, kind, required(call, `${named[kind]}Name`));
    const policy = required(call, "PolicyName");
    if (inline[policy] === undefined) {
      throw noSuchEntity(`The policy with name ${policy} cannot be found.`);
    }
    delete inline[policy];
    await call.store.save();
    return undefined;
  };

const listInline =
  (kind: Kind): Operation =>
  (call) => ({
    PolicyNames: {
      member: Object.keys(entityOf(call.store, kind, required(call, `${named[kind]}Name`)).inline),
    },
    IsTruncated: false,
  });

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

const userOf = (call: IamCall) =>
  entityOf(
    call.store,
    "users",
    call.parameters.get("UserName") ?? call.userName ?? required(call, "UserName"),
  );

const createAccessKey: Operation = async (call) => {
  const user = userOf(call);
  if (user.keys.length >= 2) {
    throw new AwsError("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409);
  }
  const key = newKey(call.now());
  user.keys.push(key);
  await call.store.save();
  return {
    AccessKey: {
      UserName: user.name,
      AccessKeyId: key.accessKeyId,
      Status: "Active",
      SecretAccessKey: key.secretAccessKey,
      CreateDate: key.created,
    },
  };
};

const deleteAccessKey: Operation = async (call) => {
  const { keys } = userOf(call);
  const id = required(call, "AccessKeyId");
  const place = keys.findIndex(({ accessKeyId }) => accessKeyId === id);
  if (place < 0) throw noSuchEntity(`The Access Key with id ${id} cannot be found.`);
  keys.splice(place, 1);
  await call.store.save();
  return undefined;
};

const listAccessKeys: Operation = (call) => {
  const { name, keys } = userOf(call);
  return {
    AccessKeyMetadata: {
      member: keys.map(({ accessKeyId, created }) => ({
        ...{ UserName: name, AccessKeyId: accessKeyId, Status: "Active", CreateDate: created },
      })),
    },
    IsTruncated: false,
  };
};

const addUserToGroup: Operation = async (call) => {
  const { name } = entityOf(call.store, "groups", required(call, "GroupName"));
  const { groups } = entityOf(call.store, "users", required(call, "UserName"));
  if (!groups.includes(name)) groups.push(name);
  await call.store.save();
  return undefined;
};

const removeUserFromGroup: Operation = async (call) => {
  const { name } = entityOf(call.store, "groups", required(call, "GroupName"));
  const { groups } = entityOf(call.store, "users", required(call, "UserName"));
  if (groups.includes(name)) groups.splice(groups.indexOf(name), 1);
  await call.store.save();
  return undefined;
};

/** All operations that there are, by name. */
export const operations: Readonly<Record<string, Operation>> = {
  ...Object.fromEntries(
    (["users", "groups", "roles"] as const).flatMap((kind): [string, Operation][] => {
      const name = named[kind];
      return [
        [`Create${name}`, create(kind)],
        [`Get${name}`, get(kind)],
        [`List${name}s`, list(kind)],
        [`Delete${name}`, remove(kind)],
        [`Attach${name}Policy`, attach(kind)],
        [`Detach${name}Policy`, detach(kind)],
        [`ListAttached${name}Policies`, listAttached(kind)],
        [`Put${name}Policy`, putInline(kind)],
        [`Get${name}Policy`, getInline(kind)],
        [`Delete${name}Policy`, deleteInline(kind)],
        [`List${name}Policies`, listInline(kind)],
      ];
    }),
  ),
  CreatePolicy: createPolicy,
  GetPolicy: (call) => ({ Policy: describePolicy(call.store, policyOf(call)) }),
  GetPolicyVersion: getPolicyVersion,
  ListPolicies: ({ store }) => ({
    Policies: { member: Object.values(store.state.policies).map((policy) => describePolicy(store, policy)) },
    IsTruncated: false,
  }),
  DeletePolicy: deletePolicy,
  CreateAccessKey: createAccessKey,
  DeleteAccessKey: deleteAccessKey,
  ListAccessKeys: listAccessKeys,
  AddUserToGroup: addUserToGroup,
  RemoveUserFromGroup: removeUserFromGroup,
  ListGroupsForUser: (call) => ({
    Groups: {
      member: userOf(call).groups.map((name) =>
        describeEntity("groups", entityOf(call.store, "groups", name), call.accountId),
      ),
    },
    IsTruncated: false,
  }),
};
