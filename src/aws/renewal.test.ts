import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { testContext } from "../../test/support/context.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import { openAws } from "./clients.ts";
import { renewCredentials } from "./renewal.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("keys that were replaced in ~/.aws/credentials are taken up by every client", async () => {
  await using home = await tempDir();
  const file = join(home.path, "credentials");
  const store = (key: string) =>
    writeFile(file, `[default]\naws_access_key_id = ${key}\naws_secret_access_key = secret\n`);
  // The SDK's reader of these files looks into the process's environment.
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", file);
  vi.stubEnv("AWS_CONFIG_FILE", join(home.path, "config"));
  await store("FIRST");
  using aws = await openAws(testContext({ home: home.path }), undefined);
  const clients = [aws.batch, aws.batchOnce, aws.logs, aws.s3];
  const keys = async () =>
    Promise.all(clients.map(async ({ config }) => (await config.credentials()).accessKeyId));
  expect(await keys()).toEqual(["FIRST", "FIRST", "FIRST", "FIRST"]);
  await store("SECOND");
  expect(await keys()).toEqual(["FIRST", "FIRST", "FIRST", "FIRST"]);
  await renewCredentials(aws);
  expect(await keys()).toEqual(["SECOND", "SECOND", "SECOND", "SECOND"]);
});
