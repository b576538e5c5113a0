import { execFile } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { startLocalAws, type TestLocalAws } from "../support/local-aws.ts";
import { cleanEnvironment, program, runTool } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";

const readState = async (local: TestLocalAws, file: string) =>
  JSON.parse(await readFile(join(local.stateDirectory, file), "utf8"));

const status = async (local: TestLocalAws) => JSON.parse((await local.run("status", "--json")).stdout);

describe("the daemon", () => {
  test("several starts at the same moment give one daemon, and all succeed", async () => {
    await using local = await startLocalAws();
    await local.run("stop");
    const starts = await Promise.all([1, 2, 3].map(() => local.run("start")));
    expect(starts.map(({ exitStatus }) => exitStatus)).toEqual([0, 0, 0]);
    const processes = starts.map(({ stdout }) => /process (\d+)/.exec(stdout)?.[1]);
    expect(new Set(processes)).toEqual(new Set([String((await status(local)).pid)]));
  });

  test("a restart keeps port and keys, also after a crash", async () => {
    await using local = await startLocalAws();
    const before = await local.run("env");
    process.kill((await readState(local, "daemon.json")).pid, "SIGKILL");
    const after = await local.run("env");
    expect(after.stdout).toBe(before.stdout);
    expect(after.stdout).toContain(`export AWS_ENDPOINT_URL=${local.endpoint}`);
  });

  test.skipIf(!have("bash"))("it keeps no pipe of the shell that started it (needs bash)", async () => {
    await using local = await startLocalAws();
    await local.run("stop");
    // The pipe is at a descriptor of its own, such as 63, beside being standard error. What reads from it ends when nobody has it any more.
    const script = `"$0" "$1" local-aws start 2> >(cat; echo the filter has ended)`;
    const { stdout } = await promisify(execFile)("bash", ["-c", script, process.execPath, program], {
      ...{ env: local.env, cwd: local.scratch, timeout: 60_000 },
    });
    expect(stdout).toMatch(/^Local AWS runs at /m);
    expect(stdout).toMatch(/^the filter has ended$/m);
    expect((await status(local)).running).toBe(true);
  });

  test("keys are kept from other users", async () => {
    await using local = await startLocalAws();
    expect((await stat(local.stateDirectory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(local.stateDirectory, "identity.json"))).mode & 0o777).toBe(0o600);
  });

  test("it leaves when it has had nothing to do for a while", async () => {
    await using local = await startLocalAws();
    await local.run("stop");
    await local.run("start", "--idle-minutes", "0.001");
    while ((await status(local)).running) {
      // A question puts its leaving off by 60 ms; to ask the next takes longer than that.
    }
    expect(await readFile(join(local.stateDirectory, "daemon.log"), "utf8")).toContain("Nothing to do");
  });

  test("reset deletes everything but port and keys, and asks first", async () => {
    await using local = await startLocalAws();
    const identity = await readState(local, "identity.json");
    await writeFile(join(local.stateDirectory, "s3", "mark"), "");
    const unasked = await local.run("reset");
    expect(unasked).toMatchObject({ exitStatus: 1, stderr: expect.stringContaining("--yes") });
    expect(await local.run("reset", "--yes")).toMatchObject({ exitStatus: 0 });
    await expect(readFile(join(local.stateDirectory, "s3", "mark"))).rejects.toThrow("ENOENT");
    expect(await readState(local, "identity.json")).toEqual(identity);
    expect((await status(local)).running).toBe(false);
  });

  test("stop ends it, and says so when there is nothing to stop", async () => {
    await using local = await startLocalAws();
    expect((await local.run("stop")).stdout).toBe("Local AWS has stopped.\n");
    expect((await local.run("stop")).stdout).toBe("Local AWS is not running.\n");
  });
});

describe("a start that cannot succeed says why, and what to do", () => {
  test("the port is taken by another program", async () => {
    await using local = await startLocalAws();
    await local.run("stop");
    const port = Number(new URL(local.endpoint).port);
    const other = createServer().listen(port, "127.0.0.1");
    try {
      const { stderr, exitStatus } = await local.run("start");
      expect(exitStatus).toBe(1);
      expect(stderr).toContain(`Port ${port} is taken by another program.`);
      expect(stderr).toContain("nextstrain local-aws start --port N");
      expect(stderr).not.toContain("    at ");
    } finally {
      other.close();
    }
  });

  test("it runs already on another port", async () => {
    await using local = await startLocalAws();
    const { stderr, exitStatus } = await local.run("start", "--port", "1024");
    expect(exitStatus).toBe(1);
    expect(stderr).toContain("runs already, on port");
  });

  test("the state directory cannot be written to", async () => {
    await using home = await tempDir();
    const env = { ...cleanEnvironment(home.path), NEXTSTRAIN_HOME: home.path };
    await writeFile(join(home.path, "local-aws"), "in the way");
    const { stderr, exitStatus } = await runTool(["local-aws", "start"], { env });
    expect(exitStatus).toBe(1);
    expect(stderr).toContain(`Local AWS cannot keep its state in ${join(home.path, "local-aws")}`);
    expect(stderr).toContain("NEXTSTRAIN_HOME");
  });

  test("the state is from a newer version", async () => {
    await using local = await startLocalAws();
    await local.run("stop");
    await writeFile(join(local.stateDirectory, "state.json"), '{"version": 2}');
    const { stderr, exitStatus } = await local.run("start");
    expect(exitStatus).toBe(1);
    expect(stderr).toContain("is from a newer version of this program");
    expect(stderr).toContain("nextstrain local-aws reset");
  });

  test("a port that is none is wrong usage", async () => {
    await using home = await tempDir();
    const result = await runTool(["local-aws", "start", "--port", "x"], { env: cleanEnvironment(home.path) });
    expect(result.exitStatus).toBe(2);
  });
});
