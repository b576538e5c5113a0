import type { Principal } from "../http.ts";
import { entityArn } from "./describe.ts";
import type { Entity, Key } from "./store.ts";

/** A user, or a role as a job has assumed it, as STS would say it. */
export function describe(
  kind: "iam-user" | "role",
  entity: Entity,
  { accessKeyId }: Key,
  accountId: string,
): Principal {
  return {
    kind,
    name: entity.name,
    accessKeyId,
    arn:
      kind === "iam-user"
        ? entityArn("users", entity, accountId)
        : `arn:aws:sts::${accountId}:assumed-role/${entity.name}/local`,
  };
}
