import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useFaults } from "../support/faults.ts";
import { have } from "../support/have.ts";
import { jobIdOf, runTool, startTool } from "../support/run-tool.ts";
import { allow, guideUser } from "../support/users.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** As a user who has the three policies of the users' guide and no other, and with the bucket policy for the job. */
describe.skipIf(!(have("zip") && have("unzip")))("with the guide's policies (needs zip and unzip)", () => {
  let place: Workplace;
  let env: Record<string, string>;
  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    env = await guideUser(place);
  });
  afterAll(() => place[Symbol.asyncDispose]());

  const build = (...args: string[]) => runTool(["build", "--aws-batch", ...args], { env, cwd: place.home });
  const script = (text: string) => ["--exec", "sh", place.directory, "-c", text];
  async function succeeds(...args: string[]) {
    const result = await build(...args);
    expect(`${result.exitStatus} ${result.stderr}`).toBe("0 ");
    return result;
  }

  test("variables, log, results, --job-info", async () => {
    const info = join(place.home, "job.json");
    const { stdout } = await succeeds(
      "--env",
      "NAME=value",
      "--job-info",
      info,
      ...script('echo "<$NAME>" > out'),
    );
    expect(stdout).toMatch(/^\[batch\] .*\+ exit 0$/m);
    expect(await place.read("out")).toBe("<value>\n");
    expect(JSON.parse(await readFile(info, "utf8"))).toMatchObject({ status: "SUCCEEDED", exitCode: 0 });
    // What holds the variables is gone.
    expect((await place.objects()).filter((key) => key.includes("env.d"))).toEqual([]);
  });

  test("a rebuild whose unchanged parts S3 copies", async () => {
    await writeFile(join(place.directory, "large.bin"), randomBytes(24 * 2 ** 20));
    await succeeds(...script("true"));
    await place.write("small", "changed");
    await succeeds(...script("cmp -s large.bin large.bin && cat small > out"));
    expect(await place.read("out")).toBe("changed");
    const { stdout } = await place.run("local-aws", "status", "--json");
    expect(JSON.parse(stdout).requests.s3).toHaveProperty("PUT object uploadId partNumber copy");
  });

  test("--image, which registers a definition", async () => {
    await succeeds("--image", "nextstrain/base:build-20260101T000000Z", ...script("echo by image > out"));
    expect(await place.read("out")).toBe("by image\n");
  });

  test("--detach, --attach with and without --download, --no-logs", async () => {
    const id = jobIdOf(await succeeds("--detach", ...script("echo one > one; echo two > two")));
    const first = await succeeds("--attach", id, "--no-logs", "--download", "one", place.directory);
    expect(first.stdout).not.toMatch(/^\[batch\]/m);
    expect(await place.read("one")).toBe("one\n");
    await expect(place.read("two")).rejects.toThrow("ENOENT");
    await succeeds("--attach", id, place.directory);
    expect(await place.read("two")).toBe("two\n");
  });

  test("--attach --cancel", async () => {
    // One that runs takes half a minute to stop, as on AWS.
    await useFaults(place.env, [{ fault: "no-capacity" }]);
    const id = jobIdOf(await succeeds("--detach", ...script("true")));
    await succeeds("--attach", id, "--cancel");
    await place.run("local-aws", "start", "--fail-rate", "0");
    const after = await build("--attach", id, "--no-download");
    expect(after.stdout).toMatch(/Cancelled by the user/);
  });

  test("Control-C cleans up what was being uploaded", async () => {
    await writeFile(join(place.directory, "huge.bin"), randomBytes(64 * 2 ** 20));
    const before = await place.objects();
    await place.run("local-aws", "start", "--latency", "300");
    const running = startTool(["build", "--aws-batch", ...script("true")], { env, cwd: place.home });
    await running.seen(/^Uploading /m);
    running.child.kill("SIGINT");
    const { exitStatus, stderr } = await running.ended;
    await place.run("local-aws", "start", "--fail-rate", "0");
    expect(exitStatus).toBe(130);
    expect(stderr).toBe("Cancelled.\n");
    expect(await place.objects()).toEqual(before);
    await writeFile(join(place.directory, "huge.bin"), "");
  });

  test("what is missing is told by the name of the permission", async () => {
    const before = await place.objects();
    await allow(place, "scientist", ["batch:DescribeJobQueues", "batch:DescribeJobDefinitions", "s3:*"]);
    const refused = await build(...script("true"));
    expect(refused.exitStatus).toBe(1);
    expect(refused.stderr).toContain("AWS does not allow you to submit the job (AccessDeniedException).");
    expect(refused.stderr).toContain("the permission batch:SubmitJob;");
    // Nothing of it stays in the bucket.
    expect(await place.objects()).toEqual(before);

    await allow(place, "scientist", ["batch:*", "s3:*"]);
    const silent = await build(...script("echo silent > out"));
    expect(silent.exitStatus).toBe(0);
    expect(silent.stderr).toContain("logs:GetLogEvents");
    expect(await place.read("out")).toBe("silent\n");
  });
});
