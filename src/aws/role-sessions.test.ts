import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TempDir, tempDir } from "../../test/support/temp-dir.ts";
import type { RoleStep } from "./profile-route.ts";
import { cacheKey, openRoleSessions } from "./role-sessions.ts";

const ROLE: RoleStep = {
  profile: "mfa",
  roleArn: "arn:aws:iam::123456789012:role/Builder",
  sessionName: undefined,
  externalId: undefined,
  durationSeconds: undefined,
  mfaSerial: "arn:aws:iam::123456789012:mfa/ada",
  region: undefined,
};
const NOW = Date.UTC(2026, 0, 15, 12);
const MINUTE = 60_000;

let home: TempDir;
beforeEach(async () => {
  home = await tempDir();
});
afterEach(() => home[Symbol.asyncDispose]());

const open = () => openRoleSessions({ home: home.path, now: () => NOW });
const directory = () => join(home.path, ".aws/cli/cache");

/** As botocore 1.43 computes them. */
test.each<[Partial<RoleStep>, string]>([
  [{}, "090a505e0dcaaf93a458a41051ec2ccef54b1f9d"],
  [
    { sessionName: "zoë", externalId: 'a"b', durationSeconds: 900 },
    "da5e17e12157f30cc8d3a9f788c5d70654bb7aec",
  ],
])("the key is the aws command's: %j", (more, key) => {
  expect(cacheKey({ ...ROLE, ...more })).toBe(key);
});

test("what is kept is found, as long as it goes on, and is nobody else's to read", async () => {
  const session = {
    accessKeyId: "AKIA",
    secretAccessKey: "secret",
    sessionToken: "token",
    expiration: new Date(NOW + 20 * MINUTE),
  };
  await open().keep(ROLE, session);
  expect(await open().find(ROLE, 15 * MINUTE)).toEqual(session);
  expect(await open().find(ROLE, 30 * MINUTE)).toBeUndefined();
  expect(await open().find({ ...ROLE, externalId: "other" }, 0)).toBeUndefined();
  const [file = "", ...others] = await readdir(directory());
  expect(others).toEqual([]);
  expect((await stat(join(directory(), file))).mode & 0o777).toBe(0o600);
});

test.each(["2026-01-15T13:00:00Z", "2026-01-15T13:00:00UTC", "2026-01-15T14:00:00+01:00"])(
  "a session that the aws command keeps until %s is found",
  async (Expiration) => {
    await mkdir(directory(), { recursive: true });
    const Credentials = { AccessKeyId: "AKIA", SecretAccessKey: "secret", SessionToken: "token", Expiration };
    await writeFile(join(directory(), `${cacheKey(ROLE)}.json`), JSON.stringify({ Credentials }));
    const found = await open().find(ROLE, 15 * MINUTE);
    expect(found?.expiration).toEqual(new Date(NOW + 60 * MINUTE));
  },
);

test.each(["", "null", "[]", `{"Credentials": 1}`, `{"Credentials": {"AccessKeyId": "AKIA"}}`])(
  "a damaged file (%s) is as none",
  async (text) => {
    await mkdir(directory(), { recursive: true });
    await writeFile(join(directory(), `${cacheKey(ROLE)}.json`), text);
    expect(await open().find(ROLE, 0)).toBeUndefined();
  },
);

test("where nothing can be kept, that is no failure", async () => {
  await writeFile(join(home.path, ".aws"), "a file");
  const session = { accessKeyId: "AKIA", secretAccessKey: "secret", sessionToken: "token" };
  await expect(open().keep(ROLE, session)).resolves.toBeUndefined();
});
