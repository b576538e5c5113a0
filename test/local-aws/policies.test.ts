import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { haveBoto3, runClient } from "../support/client.ts";
import { have } from "../support/have.ts";
import { startLocalAws, type TestLocalAws } from "../support/local-aws.ts";
import { runTool } from "../support/run-tool.ts";

const script = fileURLToPath(new URL("boto3_policies.py", import.meta.url));
const policies = fileURLToPath(new URL("../fixtures/policies", import.meta.url));

/** Runs a part of the script, by default as local AWS's owner. */
async function python(local: TestLocalAws, args: readonly string[], keys: Record<string, string> = {}) {
  const env = { ...local.clientEnv, ...keys };
  const { stdout, stderr, exitStatus } = await runClient("python3", [script, ...args], {
    env,
    cwd: local.scratch,
  });
  expect({ stderr, exitStatus }).toEqual({ stderr: "", exitStatus: 0 });
  return stdout;
}

/** The user who has the guide's three policies, by their group. */
async function makeUser(local: TestLocalAws): Promise<Record<string, string>> {
  return JSON.parse(await python(local, ["set-up", policies]));
}

async function build(local: TestLocalAws, command: string, env: Record<string, string>) {
  const directory = join(local.scratch, "build");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "input.txt"), "in");
  const result = await runTool(["build", "--aws-batch", "--exec", "sh", directory, "-c", command], {
    env: { ...local.env, AWS_ENDPOINT_URL: local.endpoint, AWS_DEFAULT_REGION: "us-east-1", ...env },
    cwd: local.scratch,
  });
  return { ...result, directory };
}

test.skipIf(!haveBoto3())(
  "a user may do what the guide's policies say, and no more (needs boto3)",
  async () => {
    await using local = await startLocalAws();
    const keys = await makeUser(local);
    expect(await python(local, ["probe"], keys)).toBe("all is well\n");
    // Users and keys are there after a restart, and kept from other users of the computer.
    await local.run("stop");
    await local.run("start");
    expect(await python(local, ["probe"], keys)).toBe("all is well\n");
    expect((await stat(join(local.stateDirectory, "iam", "iam.json"))).mode & 0o777).toBe(0o600);
  },
);

test.skipIf(!haveBoto3() || !have("zip"))(
  "a build needs no more than the guide's policies, and its job no more than the bucket policy (needs boto3 and zip)",
  async () => {
    await using local = await startLocalAws();
    const keys = await makeUser(local);
    const command = "cat input.txt > out.txt; echo done";
    // Keys in the environment are passed on to the job.
    const first = await build(local, command, keys);
    expect(first.stderr).toBe("");
    expect(first.exitStatus).toBe(0);
    expect(await readFile(join(first.directory, "out.txt"), "utf8")).toBe("in");

    // Keys in a file are not: the job has its role.
    const file = join(local.scratch, "credentials");
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = keys;
    await writeFile(
      file,
      `[default]\naws_access_key_id=${AWS_ACCESS_KEY_ID}\naws_secret_access_key=${AWS_SECRET_ACCESS_KEY}\n`,
    );
    await python(local, ["see-role", policies]);
    const second = await build(local, "echo by role > role.txt", { AWS_SHARED_CREDENTIALS_FILE: file });
    expect(second.stderr).toBe("");
    expect(second.exitStatus).toBe(0);
    expect(await readFile(join(second.directory, "role.txt"), "utf8")).toBe("by role\n");

    await python(local, ["strip-role"]);
    const third = await build(local, "true", { AWS_SHARED_CREDENTIALS_FILE: file });
    expect(third.exitStatus).toBe(1);
    expect(third.stdout).toContain(
      "assumed-role/NextstrainJobsRole/local is not authorized to perform: s3:GetObject",
    );
  },
);
