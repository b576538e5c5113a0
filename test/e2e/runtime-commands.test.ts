import { readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { fakeEngine, fakeProgram } from "../support/fake-program.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

let place: Workplace;
let bin: string;

beforeEach(async () => {
  place = await workplace();
  onTestFinished(() => place[Symbol.asyncDispose]());
  bin = join(place.home, "bin");
  // No engine of this computer's, nor Snakemake: only what the test makes, and what it takes to start at all.
  place.env.PATH = [bin, dirname(process.execPath)].filter((path) => path !== "/usr/bin").join(delimiter);
});

const config = () => readFile(join(place.home, ".nextstrain/config"), "utf8");

describe("without a container engine", () => {
  test("a build says in plain words what can be done", async () => {
    const result = await place.run("build", place.directory);
    expect(result.exitStatus).toBe(1);
    expect(result.stdout).toBe("");
    expect(result.stderr).toMatch(
      /^Error: The docker runtime needs Docker or Podman, and neither is installed here\.\n.*`nextstrain check-setup`.*--ambient.*--aws-batch/,
    );
  });

  test("set-up fails, and does not make it the runtime of builds", async () => {
    const result = await place.run("setup", "docker", "--set-default");
    expect(result.exitStatus).toBe(1);
    await expect(config()).rejects.toThrow();
  });
});

test("set-up fetches the image, checks it, and makes the runtime that of builds", async () => {
  const fake = await fakeEngine(bin, "docker", { images: {} });
  const dry = await place.run("setup", "--dry-run", "--set-default", "docker");
  expect(dry.stderr).toBe("");
  expect(dry.stdout).toMatch(
    /Would fetch the image nextstrain\/base\.\nWould make docker the runtime of builds/,
  );
  await expect(config()).rejects.toThrow();

  const result = await place.run("setup", "--set-default", "docker");
  expect(result.stderr).toBe("");
  expect(result.stdout).toMatch(/Fetching the image nextstrain\/base\nBuilds run with docker from now on/);
  expect(result.exitStatus).toBe(0);
  expect(await config()).toBe("[core]\nrunner = docker\n");
  expect((await fake.calls()).map(({ args }) => args[0])).toContain("pull");
});

test("set-up fails where the runtime does not work afterwards", async () => {
  await fakeEngine(bin, "docker", { run: 'fail("cannot fork", 126)' });
  const result = await place.run("setup", "docker");
  expect(result.stderr).toMatch(/^Error: docker can't run it: cannot fork\.\nTry `docker run --rm/m);
  expect(result.exitStatus).toBe(1);
});

test.each([
  [
    "conda",
    ["NEXTSTRAIN_RUNTIMES", "NEXTSTRAIN_CONDA_CHANNEL", "NEXTSTRAIN_CONDA_PROGRAM, config conda.program"],
  ],
  ["singularity", ["NEXTSTRAIN_SINGULARITY_IMAGE, config singularity.image"]],
  ["docker", ["NEXTSTRAIN_DOCKER_IMAGE, config docker.image"]],
])("the help of setup %s names what can be set", async (runtime, names) => {
  const { stdout } = await place.run("setup", runtime, "--help");
  for (const name of names) expect(stdout).toContain(`\n  ${name}\n`);
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

test("update is of the runtime of builds, unless another is named", async () => {
  const fake = await fakeEngine(bin, "docker");
  expect((await place.run("update")).stdout).toMatch(/^Fetching the image nextstrain\/base\n/);
  for (const name of ["ambient", "native"]) {
    expect((await place.run("update", name)).stdout).toMatch(/update them as you installed them/);
  }
  expect((await place.run("update", "aws-batch")).stdout).toMatch(/nothing to update/);
  expect((await fake.calls()).filter(({ args }) => args[0] === "pull")).toHaveLength(1);
  const several = await place.run("update", "docker", "ambient", "docker");
  expect(several.stdout).toMatch(/^Fetching the image .*\n.*newest already.*\n.*as you installed them\.\n$/);
  const unknown = await place.run("update", "docker", "dokcer");
  expect(unknown.stdout).toBe("");
  expect(unknown.exitStatus).toBe(2);
  expect(unknown.stderr).toMatch(/docker, conda, singularity, ambient/);
});

test("a shell runs bash where a build would run Snakemake", async () => {
  const fake = await fakeProgram(join(bin, "bash"), 'console.log("in", process.cwd()); process.exit(4)');
  const result = await place.run("shell", "--ambient", "--env=A=1", place.directory, "-c", "true");
  expect(result.stdout).toBe(`in ${place.directory}\n`);
  expect(result.exitStatus).toBe(4);
  expect(await fake.calls()).toMatchObject([{ args: ["-c", "true"], env: { A: "1" } }]);
});

test.each([
  [["--aws-batch"], /There is no shell on AWS Batch \(from --aws-batch\): jobs there have no terminal/],
  [["--ambient", "--image=x"], /--image has no meaning with ambient/],
  [["--conda", "--docker-arg=x"], /--docker-arg has no meaning with conda/],
  [["--docker", "--conda"], /can't be used together/],
])("a shell with %j is refused", async (options, message) => {
  const result = await place.run("shell", ...options, place.directory);
  expect(result.stderr).toMatch(message);
  expect(result.exitStatus).toBe(2);
});

test("version --verbose says what each runtime has", async () => {
  await fakeEngine(bin, "docker", { run: 'console.log("augur\\t31.0.0")' });
  const { stdout, stderr } = await place.run("version", "--verbose");
  expect(stderr).toBe("");
  expect(stdout).toMatch(
    /^docker:\n {2}docker: +28\.2\.2, .*\n {2}image: +nextstrain\/base .*\n {2}augur in the image: +31/m,
  );
  expect(stdout).toMatch(/^conda:\n {2}environment: .*not set up$/m);
  expect(stdout).toMatch(/^singularity:\n {2}singularity: +not installed$/m);
  expect(stdout).toMatch(/^ambient:\n {2}snakemake: +not installed$/m);
});
