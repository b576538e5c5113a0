import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, expect, test } from "vitest";
import { buildRequest } from "../../../test/support/build-request.ts";
import type { TestContext } from "../../../test/support/context.ts";
import { fakeProgram } from "../../../test/support/fake-program.ts";
import { runtimePlace } from "../../../test/support/runtime-place.ts";
import { openSettings } from "../../settings.ts";
import type { LocalBuildRequest } from "../build-request.ts";
import { imageOf, removeImage } from "./images.ts";
import { singularity } from "./index.ts";

let place: string;
let bin: string;
let build: string;
let env: Record<string, string>;
let context: TestContext;

beforeEach(async () => {
  ({ place, build, bin, env, context } = await runtimePlace());
});

/** Answers as a Singularity does that makes empty images, and notes how it is to run them. */
const engine = (name: "singularity" | "apptainer", says: string, run = "") =>
  fakeProgram(
    join(bin, name),
    `if (args[0] === "--version") console.log(${JSON.stringify(says)});
if (args[0] === "build") {
  if (args.at(-1).includes("nowhere")) process.exit(255);
  require("node:fs").writeFileSync(args.at(-2), args.at(-1));
}
if (args[0] === "run") { ${run} }`,
  );

const image = { value: "docker://nextstrain/base", source: "the default" };

async function run(over: Partial<LocalBuildRequest> = {}): Promise<number> {
  return singularity.build(context, await openSettings(context), buildRequest(build, { image, ...over }));
}

const images = () => join(place, ".nextstrain/runtimes/singularity/images");

test("a build runs the command line of a job on AWS Batch in the image, which is made at first", async () => {
  const fake = await engine("singularity", "singularity-ce version 4.1.2", "process.exit(7)");
  const where = { root: build, directory: join(build, "sub"), subdirectory: "sub" };
  const overlays = [{ name: "augur" as const, directory: place }];
  expect(await run({ place: where, overlays, cpus: 2 })).toBe(7);
  expect(context.output.err.join()).toMatch(
    /^Warning: singularity can't keep containers to a limit here \(--cpus\)/i,
  );
  const calls = (await fake.calls()).map(({ args }) => args);
  const file = join(images(), "nextstrain/base/latest.sif");
  expect(calls[1]).toEqual([
    "build",
    "--force",
    expect.stringMatching(/latest\.new\.sif$/),
    "docker://nextstrain/base",
  ]);
  expect(calls[2]).toEqual([
    ...["run", "--contain", "--cleanenv", "--writable-tmpfs", "--no-home", "--home", ":", "--no-eval"],
    ...["--bind", `${build}:/nextstrain/build:rw`, "--bind", `${place}:/nextstrain/augur:rw`],
    ...["--pwd", "/nextstrain/build/sub", file],
    ...["snakemake", "--printshellcmds", "--rerun-incomplete", "--benchmark-extended", "--cores=2"],
  ]);
  expect(await readdir(join(images(), "nextstrain/base"))).toEqual(["latest.sif"]);
  expect(await run()).toBe(7);
  expect((await fake.calls()).filter(({ args }) => args[0] === "build")).toHaveLength(1);
});

test("variables are in the engine's environment under its prefix, and on no command line", async () => {
  Object.assign(env, { AUGUR_DEBUG: "1", SINGULARITYENV_STALE: "x" });
  for (const [name, says, prefix] of [
    ["singularity", "singularity-ce version 3.5.3", "SINGULARITY"],
    ["singularity", "apptainer version 1.3.0", "APPTAINER"],
  ] as const) {
    const fake = await engine(name, says);
    await run({ env: ["TOKEN=t0ken\nsecond", "NOT_SET"] });
    const call = (await fake.calls()).at(-1);
    expect(call?.env).toMatchObject({ [`${prefix}ENV_TOKEN`]: "t0ken\nsecond" });
    expect(Object.keys(call?.env ?? {})).not.toContain(`${prefix}ENV_AUGUR_DEBUG`);
    expect(Object.keys(call?.env ?? {})).not.toContain("SINGULARITYENV_STALE");
    expect(call?.args.join("\n")).not.toContain("t0ken");
    // Singularity 3.5 does not know the option yet.
    expect(call?.args.includes("--no-eval")).toBe(prefix === "APPTAINER");
  }
});

test("a shell has a prompt of its own, where Singularity would put its name", async () => {
  const fake = await engine("singularity", "singularity-ce version 4.1.2");
  const request = buildRequest(build, { image, program: "bash" });
  await singularity.shell(context, await openSettings(context), request);
  const { SINGULARITYENV_PROMPT_COMMAND: atPrompt = "" } = (await fake.calls()).at(-1)?.env ?? {};
  // As Singularity does, and bash then.
  const env = {
    PROMPT_COMMAND: `${atPrompt}PS1="Singularity> "; unset PROMPT_COMMAND`,
    PATH: process.env.PATH,
  };
  const script = 'eval "$PROMPT_COMMAND"; printf %s "$PS1-$PROMPT_COMMAND"';
  const { stdout } = await promisify(execFile)("bash", ["-c", script], { env });
  expect(stdout).toBe("[nextstrain singularity] \\w \\$ -");
});

test("an image may be a file of the user's, or have a tag, a digest or no scheme", async () => {
  const fake = await engine("apptainer", "apptainer version 1.3.0");
  for (const [value, file] of [
    ["nextstrain/base:build-20250801T000000Z", "nextstrain/base/build-20250801T000000Z.sif"],
    ["docker://quay.io/a/b@sha256:0123", "quay.io/a/b/sha256-0123.sif"],
  ] as const) {
    await run({ image: { value, source: "--image" } });
    expect((await fake.calls()).at(-1)?.args).toContain(join(images(), file));
  }
  await expect(run({ image: { value: "/none/x.sif", source: "--image" } })).rejects.toThrow(
    /There is no file \/none\/x.sif/,
  );
  await expect(run({ image: { value: "oras://x/y", source: "--image" } })).rejects.toThrow(/no image that/);
  await expect(run({ image: { value: "docker://../../x", source: "--image" } })).rejects.toThrow(
    /no image that/,
  );
});

test("an image that can't be fetched leaves nothing behind, and the old one in place", async () => {
  await engine("singularity", "singularity-ce version 4.1.2");
  const settings = await openSettings(context);
  await singularity.setUp(context, settings, { dryRun: false, force: false });
  const file = join(images(), "nextstrain/base/latest.sif");
  expect(await readFile(file, "utf8")).toBe("docker://nextstrain/base");
  env.NEXTSTRAIN_SINGULARITY_IMAGE = "docker://nowhere/none";
  await expect(singularity.update(context, await openSettings(context))).rejects.toThrow(
    /could not be fetched and converted/,
  );
  expect(await readdir(join(images(), "nowhere/none"))).toEqual([]);
  expect(await readFile(file, "utf8")).toBe("docker://nextstrain/base");
});

test("update fetches anew, but not an image of one build, which is the same for ever", async () => {
  const fake = await engine("singularity", "singularity-ce version 4.1.2");
  const fetched = async () => (await fake.calls()).filter(({ args }) => args[0] === "build").length;
  const update = async () => singularity.update(context, await openSettings(context));
  await update();
  await update();
  expect(await fetched()).toBe(2);
  env.NEXTSTRAIN_SINGULARITY_IMAGE = "docker://quay.io/lab/base:build-20250801T000000Z";
  await update();
  await update();
  expect(await fetched()).toBe(3);
  expect(context.output.out.at(-1)).toMatch(/build-20250801T000000Z is the newest already: .*\.sif$/);
});

test("an image that builds no longer use is removed, where there is one", async () => {
  const old = imageOf(context, images(), { value: "a/b:old", source: "the default" });
  await removeImage(context, old);
  expect(context.output.out).toEqual([]);
  await mkdir(dirname(old.file), { recursive: true });
  await writeFile(old.file, "");
  await removeImage(context, old);
  expect(existsSync(old.file)).toBe(false);
  expect(context.output.out).toEqual(["Removed the image a/b:old."]);
});

test("a directory that can't be named to it is refused", async () => {
  await engine("singularity", "singularity-ce version 4.1.2");
  const odd = { root: "/a:b", directory: "/a:b", subdirectory: "" };
  await expect(run({ place: odd })).rejects.toThrow(/colon, comma, quote or backslash .*: \/a:b/);
});

test("checks say what is missing, and what mends it", async () => {
  const settings = await openSettings(context);
  expect(await singularity.check(context, settings)).toMatchObject([
    { id: "singularity.engine", mark: "wrong", mend: expect.stringMatching(/module load/) },
  ]);
  await expect(run()).rejects.toThrow(/needs Singularity or Apptainer, and neither is installed here/);
  await engine(
    "singularity",
    "singularity-ce version 4.1.2",
    'console.error("no user namespaces"); process.exit(1)',
  );
  expect(await singularity.check(context, settings)).toMatchObject([
    { id: "singularity.engine", mark: "ok" },
    { id: "singularity.image", mark: "caution", mend: "nextstrain setup singularity" },
    { id: "singularity.disk" },
  ]);
  await singularity.setUp(context, settings, { dryRun: false, force: false });
  expect(await singularity.check(context, settings)).toContainEqual(
    expect.objectContaining({
      id: "singularity.run",
      mark: "wrong",
      says: expect.stringMatching(/no user namespaces/),
    }),
  );
});
