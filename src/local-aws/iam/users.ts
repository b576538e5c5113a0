import { AwsError } from "../http.ts";
import { type IamCall, type Operation, required } from "./call.ts";
import { describeEntity } from "./describe.ts";
import { entityOf, newKey, noSuchEntity } from "./store.ts";

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

/** What only users have: access keys, and groups that they are in. */
export const userOperations: Readonly<Record<string, Operation>> = {
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
