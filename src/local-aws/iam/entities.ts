import {
  alreadyExists,
  deleteConflict,
  document,
  hasPathAsked,
  named,
  newName,
  newPath,
  type Operation,
  pageOf,
  type Run,
  required,
} from "./call.ts";
import { describeEntity } from "./describe.ts";
import { userAsked } from "./self.ts";
import { type Entity, entityOf, type Kind, newId, newKey, noSuchEntity } from "./store.ts";

/** All inline policies together. */
const inlineQuotas = {
  users: { name: "UserPolicySize", size: 2_048 },
  groups: { name: "GroupPolicySize", size: 5_120 },
  roles: { name: "RolePolicySize", size: 10_240 },
};
const trustQuota = { name: "ACLSizePerRole", size: 2_048 };

const create =
  (kind: Kind): Run =>
  async (call) => {
    const { store, now } = call;
    const name = newName(call, `${named[kind]}Name`);
    if (Object.hasOwn(store.state[kind], name)) throw alreadyExists(named[kind], name);
    const common = {
      name,
      path: newPath(call),
      created: new Date(now()).toISOString(),
      inline: {},
      attached: [],
    };
    if (kind === "users") store.state.users[name] = { ...common, id: newId("AIDA"), keys: [], groups: [] };
    else if (kind === "groups") store.state.groups[name] = { ...common, id: newId("AGPA") };
    else {
      const trust = document(call, "AssumeRolePolicyDocument", { kind: "trust", quota: trustQuota });
      const description = call.parameters.get("Description");
      store.state.roles[name] = {
        ...common,
        id: newId("AROA"),
        trust,
        key: newKey(now()),
        ...(description === null ? {} : { description }),
      };
    }
    await store.save();
    return { [named[kind]]: describeEntity(kind, entityOf(store, kind, name), call.accountId) };
  };

const get =
  (kind: Kind): Run =>
  (call) => {
    const name = `${named[kind]}Name`;
    const entity = kind === "users" ? userAsked(call) : entityOf(call.store, kind, required(call, name));
    const description = describeEntity(kind, entity, call.accountId);
    if (kind !== "groups") return { [named[kind]]: description };
    const members = Object.values(call.store.state.users).filter(({ groups }) =>
      groups.includes(entity.name),
    );
    const { items, more } = pageOf(call, members);
    const users = items.map((user) => describeEntity("users", user, call.accountId));
    return { [named[kind]]: description, Users: { member: users }, ...more };
  };

const list =
  (kind: Kind): Run =>
  (call) => {
    const entities: readonly Entity[] = Object.values(call.store.state[kind]);
    const { items, more } = pageOf(call, entities.filter(hasPathAsked(call)));
    const member = items.map((entity) => describeEntity(kind, entity, call.accountId));
    return { [`${named[kind]}s`]: { member }, ...more };
  };

const remove =
  (kind: Kind): Run =>
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
  (kind: Kind): Run =>
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
  (kind: Kind): Run =>
  async (call) => {
    const { attached } = entityOf(call.store, kind, required(call, `${named[kind]}Name`));
    const arn = required(call, "PolicyArn");
    if (!attached.includes(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
    attached.splice(attached.indexOf(arn), 1);
    await call.store.save();
    return undefined;
  };

const listAttached =
  (kind: Kind): Run =>
  (call) => {
    const { attached } = entityOf(call.store, kind, required(call, `${named[kind]}Name`));
    const { policies } = call.store.state;
    const wanted = hasPathAsked(call);
    const { items, more } = pageOf(
      call,
      attached.filter((arn) => wanted(policies[arn] ?? { path: "/" })),
    );
    const member = items.map((arn) => ({ PolicyName: arn.split("/").at(-1), PolicyArn: arn }));
    return { AttachedPolicies: { member }, ...more };
  };

const putInline =
  (kind: Kind): Run =>
  async (call) => {
    const { inline } = entityOf(call.store, kind, required(call, `${named[kind]}Name`));
    const name = newName(call, "PolicyName");
    const { [name]: _replaced, ...others } = inline;
    const limits = { quota: inlineQuotas[kind], beside: Object.values(others) };
    inline[name] = document(call, "PolicyDocument", limits);
    await call.store.save();
    return undefined;
  };

const getInline =
  (kind: Kind): Run =>
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
  (kind: Kind): Run =>
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
  (kind: Kind): Run =>
  (call) => {
    const { inline } = entityOf(call.store, kind, required(call, `${named[kind]}Name`));
    const { items, more } = pageOf(call, Object.keys(inline));
    return { PolicyNames: { member: items }, ...more };
  };

const pages = ["Marker", "MaxItems"];

/** What users, groups and roles have in common: to be made, listed and deleted, and policies of theirs. */
export const entityOperations: Readonly<Record<string, Operation>> = Object.fromEntries(
  (["users", "groups", "roles"] as const).flatMap((kind): [string, Operation][] => {
    const name = named[kind];
    const self = `${name}Name`;
    const ofRoles = kind === "roles" ? ["AssumeRolePolicyDocument", "Description"] : [];
    return [
      [`Create${name}`, { run: create(kind), reads: [self, "Path", ...ofRoles] }],
      [`Get${name}`, { run: get(kind), reads: [self, ...(kind === "groups" ? pages : [])] }],
      [`List${name}s`, { run: list(kind), reads: ["PathPrefix", ...pages] }],
      [`Delete${name}`, { run: remove(kind), reads: [self] }],
      [`Attach${name}Policy`, { run: attach(kind), reads: [self, "PolicyArn"] }],
      [`Detach${name}Policy`, { run: detach(kind), reads: [self, "PolicyArn"] }],
      [`ListAttached${name}Policies`, { run: listAttached(kind), reads: [self, "PathPrefix", ...pages] }],
      [`Put${name}Policy`, { run: putInline(kind), reads: [self, "PolicyName", "PolicyDocument"] }],
      [`Get${name}Policy`, { run: getInline(kind), reads: [self, "PolicyName"] }],
      [`Delete${name}Policy`, { run: deleteInline(kind), reads: [self, "PolicyName"] }],
      [`List${name}Policies`, { run: listInline(kind), reads: [self, ...pages] }],
    ];
  }),
);
