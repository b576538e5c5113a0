import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserPolicyCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { exportsOf } from "./control.ts";
import { type LocalClients, localClients } from "./local-clients.ts";
import type { Workplace } from "./workplace.ts";

export interface Key {
  readonly id: string;
  readonly secret: string;
}

const everything = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

/** A policy as the users' guide prints it. */
const guidePolicy = (of: "Batch" | "Bucket" | "Logs") =>
  readFile(
    fileURLToPath(new URL(`../fixtures/policies/NextstrainJobsAccessTo${of}.json`, import.meta.url)),
    "utf8",
  );

async function makeUser({ iam }: LocalClients, UserName: string, policies: Readonly<Record<string, string>>) {
  await iam.send(new CreateUserCommand({ UserName }));
  for (const [PolicyName, PolicyDocument] of Object.entries(policies)) {
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument }));
  }
}

async function makeKey({ iam }: LocalClients, UserName: string): Promise<Key> {
  const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { id: key?.AccessKeyId ?? "", secret: key?.SecretAccessKey ?? "" };
}

/** Puts the key into `~/.aws/credentials`, where a program finds either the old one or the new. */
async function storeKey({ home }: Pick<Workplace, "home">, { id, secret }: Key): Promise<void> {
  const file = join(home, ".aws", "credentials");
  await mkdir(join(home, ".aws"), { recursive: true });
  await writeFile(`${file}.new`, `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`);
  await rename(`${file}.new`, file);
}

/** For the program, to use local AWS as if it were an account: the keys are in `~/.aws/credentials`. */
async function accountEnvironment(place: Workplace): Promise<Record<string, string>> {
  const lines = await exportsOf(place.env);
  const endpoint = /^export AWS_ENDPOINT_URL=(\S+)$/m.exec(lines)?.[1] ?? "";
  return { ...place.env, AWS_ENDPOINT_URL: endpoint, AWS_DEFAULT_REGION: "us-east-1" };
}

/** A user who has the three policies of the users' guide and nothing else; the role of jobs is there. */
export async function guideUser(place: Workplace): Promise<Record<string, string>> {
  const env = await accountEnvironment(place);
  await using clients = await localClients(place.env);
  const [batch, bucket, logs] = await Promise.all([
    guidePolicy("Batch"),
    guidePolicy("Bucket"),
    guidePolicy("Logs"),
  ]);
  await makeUser(clients, "scientist", { batch, bucket, logs });
  await storeKey(place, await makeKey(clients, "scientist"));
  return env;
}

export interface Keys extends AsyncDisposable {
  readonly env: Record<string, string>;
  /** The one in the file. */
  key(): Key;
  /** Puts a new key in the place of the last, which stays good. */
  renew(): Promise<void>;
}

/** A user with every right whose key is in `~/.aws/credentials`, and a new one there every so many milliseconds. */
export async function rotatingKeys(place: Workplace, every = Number.POSITIVE_INFINITY): Promise<Keys> {
  const env = await accountEnvironment(place);
  const clients = await localClients(place.env);
  // Of one user there are two keys at most: by turns, each of them stays for twenty rounds.
  const users = Array.from({ length: 10 }, () => ({ name: `user-${randomUUID()}`, keys: [] as Key[] }));
  for (const { name } of users) await makeUser(clients, name, { everything });
  let round = 0;
  let current: Key | undefined;
  async function renew() {
    const user = users[round % users.length];
    round += 1;
    if (user === undefined) return;
    const oldest = user.keys.length === 2 ? user.keys.shift() : undefined;
    if (oldest) {
      await clients.iam.send(new DeleteAccessKeyCommand({ UserName: user.name, AccessKeyId: oldest.id }));
    }
    const key = await makeKey(clients, user.name);
    user.keys.push(key);
    current = key;
    await storeKey(place, key);
  }
  await renew();
  let renewing = Promise.resolve();
  const timer = Number.isFinite(every)
    ? setInterval(() => {
        renewing = renewing.then(renew);
      }, every)
    : undefined;
  return {
    env,
    key() {
      if (current === undefined) throw new Error("there is no key yet");
      return current;
    },
    renew,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await renewing;
      await clients[Symbol.asyncDispose]();
    },
  };
}

/** Gives a user these actions, on everything, in place of the guide's policies. */
export async function allow({ env }: Workplace, UserName: string, Action: readonly string[]): Promise<void> {
  await using clients = await localClients(env);
  for (const PolicyName of ["batch", "bucket", "logs"]) {
    await clients.iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName })).catch(() => undefined);
  }
  const PolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action, Resource: "*" }],
  });
  await clients.iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "given", PolicyDocument }));
}
