import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findingsIn } from "../support/checked.ts";
import { localEnvironment } from "../support/front.ts";
import { have } from "../support/have.ts";
import { jobIdOf, runTool } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** Local AWS as an account: by what `nextstrain local-aws env` exports, and without --local-aws. */
let place: Workplace;
let exports: Record<string, string>;
beforeEach(async () => {
  place = await workplace();
  exports = (await localEnvironment(place)).variables;
  await place.write("Snakefile", 'rule made:\n    output: "made.txt"\n    shell: "echo made > {output}"\n');
});
afterEach(() => place[Symbol.asyncDispose]());

const build = (args: readonly string[], env: Record<string, string> = {}) =>
  runTool(["build", "--aws-batch", ...args], { env: { ...place.env, ...exports, ...env }, cwd: place.home });

describe.skipIf(!["zip", "unzip", "snakemake"].every(have))("needs zip, unzip and snakemake", () => {
  test("a real Snakemake gets only the options that it knows", async () => {
    const result = await build([place.directory]);
    expect(result).toMatchObject({ stderr: "", exitStatus: 0 });
    expect(result.stdout).toContain("Local AWS runs this job without its image");
    expect(await place.read("made.txt")).toBe("made\n");
  });

  test("so it does by a profile that names the endpoint, and from another home", async () => {
    await using other = await tempDir();
    const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = exports;
    await place.write(
      "aws-config",
      `[profile local]\nendpoint_url = ${AWS_ENDPOINT_URL}\nregion = us-east-1\n`,
    );
    await place.write(
      "aws-credentials",
      `[local]\naws_access_key_id = ${AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${AWS_SECRET_ACCESS_KEY}\n`,
    );
    const result = await runTool(["build", "--aws-batch", place.directory], {
      env: {
        ...place.env,
        NEXTSTRAIN_HOME: join(other.path, ".nextstrain"),
        AWS_PROFILE: "local",
        AWS_CONFIG_FILE: join(place.directory, "aws-config"),
        AWS_SHARED_CREDENTIALS_FILE: join(place.directory, "aws-credentials"),
      },
      cwd: place.home,
    });
    expect(result).toMatchObject({ stderr: "", exitStatus: 0 });
    expect(await place.read("made.txt")).toBe("made\n");
  });
});

test("the command that re-attaches needs no exports", async () => {
  const detached = await build([
    "--detach",
    "--exec",
    "sh",
    place.directory,
    "-c",
    "echo result > result.txt",
  ]);
  expect(detached.exitStatus).toBe(0);
  const words = ["build", "--aws-batch", "--local-aws", "--attach", jobIdOf(detached), place.directory];
  expect(detached.stdout).toContain(
    `NEXTSTRAIN_HOME=${place.env.NEXTSTRAIN_HOME} nextstrain ${words.join(" ")}\n`,
  );
  const attached = await place.run(...words);
  expect(attached.exitStatus).toBe(0);
  expect(await place.read("result.txt")).toBe("result\n");
});

test("exports stay good when local AWS has left for want of anything to do", async () => {
  expect((await place.run("local-aws", "stop")).exitStatus).toBe(0);
  const result = await build(["--exec", "sh", place.directory, "-c", "echo result > result.txt"]);
  expect(result).toMatchObject({ stderr: "", exitStatus: 0 });
  expect(await place.read("result.txt")).toBe("result\n");
});

test("check-setup finds nothing to mend in a new one, by the exports as by --local-aws", async () => {
  const check = ["check-setup", "aws-batch", "--json"];
  const byExports = await runTool(check, { env: { ...place.env, ...exports }, cwd: place.home });
  const byOption = await place.run(...check, "--local-aws");
  for (const { stdout, stderr, exitStatus } of [byExports, byOption]) {
    expect({ stderr, exitStatus }).toEqual({ stderr: "", exitStatus: 0 });
    const findings = findingsIn(stdout);
    expect(findings.filter(({ mark }) => mark !== "ok")).toEqual([]);
    expect(findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        ...["bucket.private", "bucket.encrypted", "bucket.expiry", "bucket.unfinished", "bucket.versions"],
        ...["queue.gives-up", "role.trust", "role.bucket", "logs.retention", "permissions"],
      ]),
    );
  }
});
