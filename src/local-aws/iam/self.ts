import { AwsError, notImplemented } from "../http.ts";
import type { IamCall } from "./call.ts";
import { entityOf, type User } from "./store.ts";

/**
 * The user that a call is about: the caller, where none is named.
 *
 * @throws AwsError NoSuchEntity; ValidationError where a role does not say whom it means
 */
export function userAsked(call: IamCall): User {
  const { store, parameters, caller } = call;
  const named = parameters.get("UserName");
  if (named !== null) return entityOf(store, "users", named);
  if (caller.kind === "iam-user" && caller.name !== undefined) return entityOf(store, "users", caller.name);
  if (caller.kind === "user") return ownerOf(call);
  throw new AwsError("ValidationError", "Must specify userName when calling with non-User credentials");
}

/** The same, to be changed: local AWS's owner cannot be. @throws AwsError, a 501 for the owner too */
export function userToChange(call: IamCall, action: string): User {
  const isOwner = call.parameters.get("UserName") === null && call.caller.kind === "user";
  if (isOwner) throw notImplemented(`IAM ${action} for its owner: name a user with UserName`);
  return userAsked(call);
}

/** Local AWS's owner is no user of IAM, but is seen as one. When they came is not known: with what is kept here. */
function ownerOf({ caller: { accessKeyId, arn } }: IamCall): User {
  const created = new Date(0).toISOString();
  const key = { accessKeyId, secretAccessKey: "", created };
  const name = arn.split("/").at(-1) ?? "";
  return { name, id: accessKeyId, path: "/", created, inline: {}, attached: [], keys: [key], groups: [] };
}
