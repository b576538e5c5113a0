import { randomBytes, randomInt } from "node:crypto";
import { join } from "node:path";
import { isRecord, readJson, writeJson } from "./json-file.ts";
import { StartError } from "./start-error.ts";

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What clients know local AWS by. Kept, so that what they were told once stays good. */
export interface Identity {
  readonly port: number;
  readonly region: string;
  readonly accountId: string;
  readonly user: KeyPair;
  /** For jobs, in place of a role. */
  readonly jobs: KeyPair;
}

const fileName = "identity.json";

/** Undefined where none was made yet. Throws StartError where the file is damaged. */
export async function readIdentity(directory: string): Promise<Identity | undefined> {
  const path = join(directory, fileName);
  const identity = await readJson(path).catch(() => null);
  if (identity === undefined) return undefined;
  if (isIdentity(identity)) return identity;
  throw new StartError(
    `Local AWS cannot read ${path}.`,
    `Delete that file: a new one is made, with other keys.`,
  );
}

export async function writeIdentity(directory: string, identity: Identity): Promise<void> {
  await writeJson(join(directory, fileName), identity);
}

export function createIdentity(port: number): Identity {
  return {
    port,
    region: "us-east-1",
    accountId: "123456789012",
    user: createKeyPair("LOCALAWSUSER"),
    jobs: createKeyPair("LOCALAWSJOBS"),
  };
}

/** Below the ports that systems give to outgoing connections, so that it is likely to be free at the next start too. */
export const randomPort = () => randomInt(20_000, 30_000);

function createKeyPair(prefix: string): KeyPair {
  return {
    accessKeyId: prefix + randomBytes(4).toString("hex").toUpperCase(),
    // Letters and digits only: it needs no quoting anywhere.
    secretAccessKey: randomBytes(20).toString("hex"),
  };
}

function isIdentity(value: unknown): value is Identity {
  return (
    isRecord(value) &&
    typeof value.port === "number" &&
    typeof value.region === "string" &&
    typeof value.accountId === "string" &&
    isKeyPair(value.user) &&
    isKeyPair(value.jobs)
  );
}

const isKeyPair = (value: unknown): value is KeyPair =>
  isRecord(value) && typeof value.accessKeyId === "string" && typeof value.secretAccessKey === "string";
