import { AwsError } from "../http.ts";
import { type Operation, pageOf, type Run, required } from "./call.ts";
import { describeEntity } from "./describe.ts";
import { userAsked, userToChange } from "./self.ts";
import { entityOf, newKey, noSuchEntity } from "./store.ts";

const createAccessKey: Run = async (call) => {
  const user = userToChange(call, "CreateAccessKey");
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

const deleteAccessKey: Run = async (call) => {
  const { keys } = userToChange(call, "DeleteAccessKey");
  const id = required(call, "AccessKeyId");
  const place = keys.findIndex(({ accessKeyId }) => accessKeyId === id);
  if (place < 0) throw noSuchEntity(`The Access Key with id ${id} cannot be found.`);
  keys.splice(place, 1);
  await call.store.save();
  return undefined;
};

const listAccessKeys: Run = (call) => {
  const { name, keys } = userAsked(call);
  const { items, more } = pageOf(call, keys);
  const member = items.map(({ accessKeyId, created }) => ({
    ...{ UserName: name, AccessKeyId: accessKeyId, Status: "Active", CreateDate: created },
  }));
  return { AccessKeyMetadata: { member }, ...more };
};

const listGroupsForUser: Run = (call) => {
  const { groups } = entityOf(call.store, "users", required(call, "UserName"));
  const { items, more } = pageOf(call, groups);
  const member = items.map((name) =>
    describeEntity("groups", entityOf(call.store, "groups", name), call.accountId),
  );
  return { Groups: { member }, ...more };
};

const addUserToGroup: Run = async (call) => {
  const { name } = entityOf(call.store, "groups", required(call, "GroupName"));
  const { groups } = entityOf(call.store, "users", required(call, "UserName"));
  if (!groups.includes(name)) groups.push(name);
  await call.store.save();
  return undefined;
};

const removeUserFromGroup: Run = async (call) => {
  const { name } = entityOf(call.store, "groups", required(call, "GroupName"));
  const { groups } = entityOf(call.store, "users", required(call, "UserName"));
  if (groups.includes(name)) groups.splice(groups.indexOf(name), 1);
  await call.store.save();
  return undefined;
};

/** What only users have: access keys, and groups that they are in. */
export const userOperations: Readonly<Record<string, Operation>> = {
  CreateAccessKey: { run: createAccessKey, reads: ["UserName"] },
  DeleteAccessKey: { run: deleteAccessKey, reads: ["UserName", "AccessKeyId"] },
  ListAccessKeys: { run: listAccessKeys, reads: ["UserName", "Marker", "MaxItems"] },
  AddUserToGroup: { run: addUserToGroup, reads: ["GroupName", "UserName"] },
  RemoveUserFromGroup: { run: removeUserFromGroup, reads: ["GroupName", "UserName"] },
  ListGroupsForUser: { run: listGroupsForUser, reads: ["UserName", "Marker", "MaxItems"] },
};
