import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { localEnvironment } from "../support/front.ts";
import { have } from "../support/have.ts";
import { startTool } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** Local AWS dies, by SIGKILL, under a build that uses it. */
let place: Workplace;
beforeEach(async () => {
  place = await workplace();
  await place.write("Snakefile", "");
});
afterEach(() => place[Symbol.asyncDispose]());

async function kill(): Promise<number> {
  const daemon = await readFile(join(place.home, ".nextstrain/local-aws/daemon.json"), "utf8");
  const { pid } = JSON.parse(daemon) as { pid: number };
  process.kill(pid, "SIGKILL");
  return pid;
}

const said = (pid: number) =>
  `Warning: Local AWS (process ${pid}) has ended, and has been started again. Jobs that it ran have ended with it.\n`;

const job = ["--exec", "sh"] as const;

describe.skipIf(!["zip", "unzip"].every(have))("needs zip and unzip", () => {
  test.each([
    ["by --local-aws", async () => ({ args: ["--local-aws"], env: place.env })],
    [
      "by the exports",
      async () => ({ args: [], env: { ...place.env, ...(await localEnvironment(place)).variables } }),
    ],
    [
      "by the exports of another home",
      async () => {
        const other = await tempDir();
        onTestFinished(() => other[Symbol.asyncDispose]());
        const { variables } = await localEnvironment(place);
        return { args: [], env: { ...place.env, ...variables, NEXTSTRAIN_HOME: other.path } };
      },
    ],
  ])("under its job: the job has failed, and it runs again (%s)", async (_, reach) => {
    const { args, env } = await reach();
    const build = startTool(
      ["build", "--aws-batch", ...args, ...job, place.directory, "-c", "echo begun; sleep 600"],
      { env, cwd: place.home },
    );
    await build.seen(/\[batch\] .*begun$/m);
    const pid = await kill();
    const { stdout, stderr, exitStatus } = await build.ended;
    expect(stderr).toContain(said(pid));
    expect(stderr.split("has been started again")).toHaveLength(2);
    expect(stdout).toMatch(/^Job FAILED after /m);
    expect(stderr).toMatch(/On local AWS it means that local AWS has ended/);
    expect(exitStatus).toBe(1);
    expect((await place.run("local-aws", "status")).stdout).not.toContain(`Process:     ${pid},`);
  });

  test("under the upload: the build goes on as if nothing had been", async () => {
    await writeFile(join(place.directory, "large.bin"), randomBytes(48 * 1024 * 1024));
    expect((await place.run("local-aws", "start", "--latency", "200")).exitStatus).toBe(0);
    const build = place.startBuild("wc -c < large.bin > size.txt");
    await build.seen(/^Uploading /m);
    const pid = await kill();
    const { stderr, exitStatus } = await build.ended;
    expect({ stderr, exitStatus }).toEqual({ stderr: said(pid), exitStatus: 0 });
    expect(Number(await place.read("size.txt"))).toBe(48 * 1024 * 1024);
  });
});
