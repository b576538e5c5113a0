import { randomBytes } from "node:crypto";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readJson, writeJson } from "../daemon/json-file.ts";
import { AwsError } from "../http.ts";
import { type Policy, parsePolicy } from "./policy.ts";

/** What users, groups and roles have in common. */
export interface Entity {
  readonly name: string;
  readonly id: string;
  /** Begins and ends with `/`. */
  readonly path: string;
  /** ISO 8601. */
  readonly created: string;
  /** Policy documents by name. */
  readonly inline: Record<string, string>;
  /** Names of resource: policies. */
  readonly attached: string[];
}

export interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly created: string;
}

export interface User extends Entity {
  readonly keys: Key[];
  /** Names. */
  readonly groups: string[];
}

export interface Role extends Entity {
  readonly description?: string;
  readonly trust: string;
  /** What its jobs sign with. */
  readonly key: Key;
}

export interface ManagedPolicy {
  readonly name: string;
  readonly id: string;
  readonly arn: string;
  readonly path: string;
  readonly created: string;
  readonly document: string;
  readonly description?: string;
}

interface EntityOf {
  readonly users: User;
  readonly groups: Entity;
  readonly roles: Role;
}

export type Kind = keyof EntityOf;

type Entities = { readonly [K in Kind]: Record<string, EntityOf[K]> };

type State = Entities & {
  readonly version: 1;
  /** By their names of resource. */
  readonly policies: Record<string, ManagedPolicy>;
};

/** Users, groups, roles and policies: in memory, and in `iam.json`, which only its owner may read. */
export interface IamStore {
  readonly state: State;
  save(): Promise<void>;
}

export async function openIamStore(directory: string): Promise<IamStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const file = join(directory, "iam.json");
  const saved = (await readJson(file)) as State | undefined;
  const state = saved ?? { version: 1, users: {}, groups: {}, roles: {}, policies: {} };
  let onDisk = JSON.stringify(state);
  /** What could not be written has not happened. */
  async function writeState(): Promise<void> {
    const text = JSON.stringify(state);
    try {
      await writeJson(file, state);
      onDisk = text;
    } catch (error) {
      Object.assign(state, JSON.parse(onDisk));
      throw error;
    }
  }
  let writing = Promise.resolve();
  return {
    state,
    save() {
      const write = writing.then(writeState);
      writing = write.catch(() => undefined);
      return write;
    },
  };
}

/** A group, role or user. @throws AwsError NoSuchEntity */
export function entityOf<K extends Kind>({ state }: IamStore, kind: K, name: string): EntityOf[K] {
  const all: Entities = state;
  const entities = all[kind];
  const found = Object.hasOwn(entities, name) ? entities[name] : undefined;
  if (found !== undefined) return found;
  throw noSuchEntity(`The ${kind.slice(0, -1)} with name ${name} cannot be found.`);
}

export function noSuchEntity(message: string): AwsError {
  return new AwsError("NoSuchEntity", message, 404);
}

/** Every policy that holds for a user or a role. */
export function policiesOf({ state }: IamStore, entity: Entity): Policy[] {
  const groups = "groups" in entity ? (entity as User).groups : [];
  return [entity, ...groups.map((name) => state.groups[name])]
    .filter((one) => one !== undefined)
    .flatMap(({ inline, attached }) => [
      ...Object.values(inline),
      ...attached.map((arn) => state.policies[arn]?.document ?? emptyDocument),
    ])
    .map(parsePolicy);
}

/** A policy of AWS's own (`arn:aws:iam::aws:policy/…`) can be attached; what it says is not known here, so it allows nothing. */
const emptyDocument = '{"Statement": {"Effect": "Allow", "Action": "local-aws:nothing", "Resource": "*"}}';

/** Names the way IAM does: a prefix for the kind, and 16 letters and digits. */
export function newId(prefix: "AIDA" | "AGPA" | "AROA" | "ANPA" | "AKIA"): string {
  return prefix + randomBytes(8).toString("hex").toUpperCase();
}

export function newKey(now: number): Key {
  return {
    accessKeyId: newId("AKIA"),
    secretAccessKey: randomBytes(20).toString("hex"),
    created: new Date(now).toISOString(),
  };
}
