/** Where resources live: what their ARNs are made of. */
export interface Home {
  readonly region: string;
  readonly accountId: string;
}

export type ResourceKind =
  | "job"
  | "job-definition"
  | "job-queue"
  | "compute-environment"
  | "scheduling-policy";

/** `arn:aws:batch:REGION:ACCOUNT:KIND/NAME`. */
export function batchArn(home: Home, kind: ResourceKind, name: string): string {
  return `arn:aws:batch:${home.region}:${home.accountId}:${kind}/${name}`;
}

/** ARN of an ECS resource, made up for a job's container. */
export function ecsArn(home: Home, kind: string, name: string): string {
  return `arn:aws:ecs:${home.region}:${home.accountId}:${kind}/${name}`;
}

/** The name in an ARN of this account and region; what is not such an ARN is taken for the name itself. */
export function nameOf(home: Home, kind: ResourceKind, nameOrArn: string): string {
  const prefix = batchArn(home, kind, "");
  return nameOrArn.startsWith(prefix) ? nameOrArn.slice(prefix.length) : nameOrArn;
}

/** `NAME`, `NAME:REVISION` or the ARN of either. */
export function parseDefinition(
  home: Home,
  nameOrArn: string,
): { readonly name: string; readonly revision: number | undefined } | undefined {
  const match = /^([A-Za-z0-9_-]{1,128})(?::(\d+))?$/.exec(nameOf(home, "job-definition", nameOrArn));
  if (match?.[1] === undefined) return undefined;
  return { name: match[1], revision: match[2] === undefined ? undefined : Number(match[2]) };
}
