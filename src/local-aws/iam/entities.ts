import { alreadyExists, deleteConflict, document, named, newName, type Operation, required } from "./call.ts";
import { describeEntity } from "./describe.ts";
import { entityOf, type Kind, newId, newKey, noSuchEntity } from "./store.ts";

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

/** What users, groups and roles have in common: to be made, listed and deleted, and policies of theirs. */
export const entityOperations: Readonly<Record<string, Operation>> = Object.fromEntries(
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
);
