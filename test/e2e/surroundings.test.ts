// What is around the program is broken: one message with a way out, never a stack trace.
import { spawnSync } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localEnvironment } from "../support/front.ts";
import { cleanEnvironment, program, runTool, startTool } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** Runs the built program by a shell's words around it. */
function runInShell(script: string, args: readonly string[], home: string, env: Record<string, string> = {}) {
  const { stdout, stderr, status } = spawnSync(
    "sh",
    ["-c", script, "sh", process.execPath, program, ...args],
    {
      cwd: home,
      env: { ...cleanEnvironment(home), ...env },
      encoding: "utf8",
    },
  );
  return { stdout, stderr, status };
}

test.each([["version"], ["--help"], ["build --ambient ."], ["local-aws status"], ["setup docker"]])(
  "the working directory is gone: %s",
  async (command) => {
    await using home = await tempDir();
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
    expect(runInShell(script, command.split(" "), home.path)).toEqual({
      stdout: "",
      stderr:
        "Error: The working directory can't be found (ENOENT): it was removed or moved.\n" +
        "Change to a directory that exists (such as `cd ~`), then run the command again.\n",
      status: 1,
    });
  },
);

test.each([22, 25, 28, 30, 33, 36, 40])("only %d files may be open at once", async (limit) => {
  await using home = await tempDir();
  const directory = join(home.path, "work");
  await mkdir(directory);
  await writeFile(join(directory, "Snakefile"), "");
  for (let at = 0; at < 50; at++) await writeFile(join(directory, `${at}`), `${at}`);
  const build = ["build", "--aws-batch", directory];
  const keys = {
    AWS_ACCESS_KEY_ID: "of",
    AWS_SECRET_ACCESS_KEY: "nobody",
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
  };
  const { stderr, status } = runInShell(`ulimit -n ${limit} && exec "$@"`, build, home.path, keys);
  expect(status).toBe(1);
  expect(stderr).not.toMatch(/^\s+at /m);
  // Where it is enough to get as far as the network, that nobody answers is said.
  expect(stderr).toMatch(/^Error: .*(may not open as many files at once|can't be reached)/);
});

test.skipIf(process.platform !== "linux")(
  "SIGTERM while local AWS refuses the signature ends it with its exit status",
  async () => {
    await using place = await workplace();
    await place.run("local-aws", "start");
    const file = join(place.home, ".nextstrain", "local-aws", "identity.json");
    const before = await readFile(file, "utf8");
    const identity = JSON.parse(before) as { user: object };
    const user = { ...identity.user, secretAccessKey: "x".repeat(40) };
    await writeFile(file, JSON.stringify({ ...identity, user }));
    try {
      const tool = startTool(["local-aws", "start"], { env: place.env, cwd: place.home });
      const children = `/proc/${tool.child.pid}/task/${tool.child.pid}/children`;
      // The process that it starts reports that another one has the state: now it waits and asks again.
      await expect.poll(() => readFile(children, "utf8"), { timeout: 60_000 }).not.toBe("");
      await expect.poll(() => readFile(children, "utf8"), { timeout: 60_000 }).toBe("");
      tool.child.kill("SIGTERM");
      expect(await tool.ended).toMatchObject({ stderr: "Cancelled.\n", exitStatus: 143 });
    } finally {
      await writeFile(file, before);
      await place.run("local-aws", "stop");
    }
  },
);

test("of hundreds of things that can't be sent the first few are named, and the others counted", async () => {
  await using place = await workplace();
  await place.write("Snakefile", "");
  for (let at = 0; at < 120; at++) await symlink("nowhere", join(place.directory, `link-${at}`));
  const { stderr, exitStatus } = await place.build("true");
  expect(exitStatus).toBe(0);
  expect(
    stderr.match(/^Warning: Skipped the link link-\d+: what it leads to does not exist\.$/gm),
  ).toHaveLength(20);
  expect(stderr).toMatch(/^Warning: 100 more were skipped\.$/m);
});

test("what local AWS has kept is damaged: the file is named, and the way out leads out", async () => {
  await using place = await workplace();
  await place.run("local-aws", "start");
  await place.run("local-aws", "stop");
  const state = join(place.home, ".nextstrain", "local-aws");
  for (const [path, content] of [
    ["batch/registry.json", '{"version":1,"que'],
    ["batch/registry.json", '{"version":1}'],
    ["iam/iam.json", ""],
    ["s3/buckets/nextstrain-jobs/bucket.json", "{"],
  ] as const) {
    const file = join(state, path);
    const before = await readFile(file);
    await writeFile(file, content);
    const { stderr, exitStatus } = await place.run("local-aws", "start");
    expect(exitStatus).toBe(1);
    expect(stderr).toMatch(
      /^Error: The state of local AWS in .* can't be used: .+\n.*`nextstrain local-aws reset`.*\n$/,
    );
    expect(stderr).toContain(file);
    await writeFile(file, before);
  }
  await writeFile(join(state, "batch/registry.json"), "");
  expect(await place.run("local-aws", "reset", "--yes")).toMatchObject({ exitStatus: 0 });
  expect(await place.run("local-aws", "start")).toMatchObject({ exitStatus: 0 });
});

describe("no record can be kept in the home directory", () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await workplace();
    await place.run("local-aws", "start");
    await place.write("Snakefile", "");
    await place.write("edited.txt", "before");
    // Not by permissions: those don't hold for root.
    await writeFile(join(place.home, ".nextstrain", "aws-batch"), "no directory");
  });
  afterAll(() => place[Symbol.asyncDispose]());

  test("the build goes on with the manifest, and says so once", async () => {
    const { stdout, stderr, exitStatus } = await place.build(
      "sleep 1; echo made > made.txt; echo job > edited.txt",
    );
    expect({ stdout, stderr, exitStatus }).toMatchObject({ exitStatus: 0 });
    expect(stderr.match(/^Warning: The record .*$/gm)).toEqual([
      expect.stringMatching(
        /can't be kept in .*aws-batch\/runs \(E[A-Z]+\): the manifest in the bucket takes its place\.$/,
      ),
    ]);
    expect(await place.read("made.txt")).toBe("made\n");
    expect(await place.read("edited.txt")).toBe("job\n");
  });

  test("where that would not do, nothing is sent", async () => {
    const before = await place.objects();
    const { stdout, stderr, exitStatus } = await place.build("true", "--exclude-from-upload", "edited.txt");
    expect(exitStatus).toBe(1);
    expect(stderr).toMatch(
      /^Error: The record .* lacks 1 file that is not uploaded\.\n.*NEXTSTRAIN_HOME.*\n$/m,
    );
    expect(stdout).not.toContain("Uploading");
    expect(await place.objects()).toEqual(before);
  });
});

describe.skipIf(process.platform !== "linux")(
  "NEXTSTRAIN_HOME is in /proc, which takes no directories (needs Linux)",
  () => {
    const nowhere = { NEXTSTRAIN_HOME: "/proc/nextstrain" };

    test("a build on AWS goes on with the manifest, and says so once", async () => {
      await using place = await workplace();
      await place.run("local-aws", "start");
      await place.write("Snakefile", "");
      const { variables } = await localEnvironment(place);
      const args = ["build", "--aws-batch", "--exec", "sh", place.directory, "-c", "echo made > made.txt"];
      const result = await runTool(args, {
        env: { ...place.env, ...variables, ...nowhere },
        cwd: place.home,
      });
      expect(result).toMatchObject({
        exitStatus: 0,
        stderr:
          "Warning: The record of this run can't be kept in /proc/nextstrain/aws-batch/runs (EPERM): the manifest in the bucket takes its place.\n",
      });
      expect(await place.read("made.txt")).toBe("made\n");
    });

    test.each([
      [
        ["local-aws", "start"],
        /^Error: Local AWS cannot keep its state in \/proc\/nextstrain\/local-aws: .*\n.*NEXTSTRAIN_HOME/,
      ],
      [
        ["setup", "ambient", "--set-default"],
        /^Error: The config file \/proc\/nextstrain\/config can't be written \(EPERM\)\.\n/,
      ],
      [["setup", "auspice"], /^Error: Nothing can be written in \/proc\/nextstrain \(EPERM\)\.\n/m],
    ])("%j ends with one message", async (args, message) => {
      await using home = await tempDir();
      const { stderr, exitStatus } = await runTool(args, {
        env: { ...cleanEnvironment(home.path), ...nowhere },
      });
      expect(stderr).toMatch(message);
      expect([exitStatus, stderr.match(/^Error: /gm)?.length]).toEqual([1, 1]);
    });
  },
);

test("control characters in arguments, settings, variables and names of directories are shown, never obeyed", async () => {
  await using home = await tempDir();
  const hostile = "a\x1b[2J\x1b]0;title\x07\r\u202eb";
  const directory = join(home.path, hostile);
  await mkdir(directory);
  await writeFile(join(directory, "Snakefile"), "");
  const config = join(home.path, "config");
  const keys = {
    AWS_ACCESS_KEY_ID: "of",
    AWS_SECRET_ACCESS_KEY: "nobody",
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
  };
  const run = (env: Record<string, string>, ...args: string[]) =>
    runTool(args, { env: { ...cleanEnvironment(home.path), ...keys, ...env }, cwd: home.path });
  await writeFile(config, `[aws-batch]\nqueue = ${hostile}\n[core]\nrunner = ${hostile}\n`);
  const badLine = join(home.path, "bad-config");
  await writeFile(badLine, `${hostile}\n`);
  const results = await Promise.all([
    run({}, "build", "--aws-batch", directory),
    run({}, "build", "--aws-batch", join(directory, "nowhere")),
    run({}, hostile),
    run({}, "build", `--${hostile}`),
    run({}, "build", "--cpus", hostile, directory),
    run({}, "build", "--aws-batch", "--aws-batch-s3-bucket", hostile, directory),
    run({ AWS_REGION: hostile }, "build", "--aws-batch", directory),
    run({ AWS_PROFILE: hostile }, "check-setup", "aws-batch"),
    run({ NEXTSTRAIN_CONFIG: config }, "build", directory),
    run({ NEXTSTRAIN_CONFIG: config }, "build", "--aws-batch", directory),
    run({ NEXTSTRAIN_CONFIG: badLine }, "version"),
    run({ NEXTSTRAIN_HOME: directory }, "version", "--verbose"),
  ]);
  for (const { stdout, stderr } of results) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  }
  expect(
    results.filter(({ stdout, stderr }) => (stdout + stderr).includes("\\u001b[2J")).length,
  ).toBeGreaterThan(8);
});
