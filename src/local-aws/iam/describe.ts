import type { XmlContent } from "../xml.ts";
import type { Entity, IamStore, Kind, ManagedPolicy } from "./store.ts";

const words: Readonly<Record<Kind, readonly [type: string, name: string]>> = {
  users: ["user", "User"],
  groups: ["group", "Group"],
  roles: ["role", "Role"],
};

export function entityArn(kind: Kind, { path, name }: Entity, accountId: string): string {
  return `arn:aws:iam::${accountId}:${words[kind][0]}${path}${name}`;
}

/** A user, group or role, as the API shows it. */
export function describeEntity(kind: Kind, entity: Entity, accountId: string): XmlContent {
  const name = words[kind][1];
  return {
    Path: entity.path,
    [`${name}Name`]: entity.name,
    [`${name}Id`]: entity.id,
    Arn: entityArn(kind, entity, accountId),
    CreateDate: entity.created,
    ...("description" in entity ? { Description: String(entity.description) } : {}),
    ...("trust" in entity ? { AssumeRolePolicyDocument: encodeURIComponent(String(entity.trust)) } : {}),
  };
}

export function describePolicy({ state }: IamStore, policy: ManagedPolicy): XmlContent {
  const holders = [state.users, state.groups, state.roles].flatMap((entities) => Object.values(entities));
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: "v1",
    AttachmentCount: holders.filter(({ attached }) => attached.includes(policy.arn)).length,
    IsAttachable: true,
    Description: policy.description,
    CreateDate: policy.created,
    UpdateDate: policy.created,
  };
}
