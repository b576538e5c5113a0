import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { buildRequest } from "../../../test/support/build-request.ts";
import type { TestContext } from "../../../test/support/context.ts";
import { type Call, fakeEngine, podmanInfo } from "../../../test/support/fake-program.ts";
import { runtimePlace } from "../../../test/support/runtime-place.ts";
import { openSettings } from "../../settings.ts";
import type { LocalBuildRequest } from "../build-request.ts";
import { docker } from "./index.ts";

let place: string;
let bin: string;
let build: string;
let env: Record<string, string>;
let context: TestContext;

beforeEach(async () => {
  ({ place, build, bin, env, context } = await runtimePlace());
});

const engine = (name: "docker" | "podman", options?: Parameters<typeof fakeEngine>[2]) =>
  fakeEngine(bin, name, options);

const image = { value: "nextstrain/base", source: "the default" };

async function run(over: Partial<LocalBuildRequest> = {}): Promise<number> {
  return docker.build(context, await openSettings(context), buildRequest(build, { image, ...over }));
}

const runs = (calls: readonly Call[]) => calls.filter(({ args }) => args[0] === "run");

/** Makes the fake copy the directory of variables, before it is gone. */
const keepVariables = () => `
  const mount = args.find((arg) => arg.includes("target=/nextstrain/env.d"));
  const source = /source=([^,]*)/.exec(mount)[1];
  require("node:fs").cpSync(source, ${JSON.stringify(join(place, "seen"))}, { recursive: true });`;

describe("a build", () => {
  test("runs the command line of a job on AWS Batch, in the build directory within its root", async () => {
    const fake = await engine("docker");
    const subdirectory = {
      root: build,
      directory: join(build, "phylogenetic"),
      subdirectory: "phylogenetic",
    };
    const status = await run({
      place: subdirectory,
      programArguments: ["--forceall"],
      cpus: 2,
      memoryBytes: 2 ** 31,
      dockerArgs: ["--network=host"],
    });
    expect(status).toBe(0);
    const [{ args = [] } = {}] = runs(await fake.calls());
    expect(args).toEqual(
      expect.arrayContaining([
        `--mount=type=bind,source=${build},target=/nextstrain/build`,
        "--workdir=/nextstrain/build/phylogenetic",
        "--cpus=2",
        "--memory=2147483648b",
        "--network=host",
      ]),
    );
    expect(args.slice(args.indexOf("nextstrain/base") + 1)).toEqual([
      ...["snakemake", "--printshellcmds", "--rerun-incomplete", "--benchmark-extended"],
      ...["--cores=2", "--resources=mem_mb=2048", "--forceall"],
    ]);
    expect(args).not.toContain("--tty");
  });

  test("has overlays in the place of the image's copies; one that is missing is refused", async () => {
    const fake = await engine("docker");
    await run({ overlays: [{ name: "augur", directory: build }] });
    const [{ args = [] } = {}] = runs(await fake.calls());
    expect(args).toContain(`--mount=type=bind,source=${build},target=/nextstrain/augur`);
    await expect(run({ overlays: [{ name: "fauna", directory: join(place, "none") }] })).rejects.toThrow(
      /There is no directory .*none \(--fauna\)/,
    );
  });

  test("gets its variables as files, whose values are nowhere else, and which are gone afterwards", async () => {
    env.AWS_SECRET_ACCESS_KEY = "s3cret";
    const fake = await engine("docker", { run: keepVariables() });
    await run({ env: ["TOKEN=t0ken\nsecond line", "AWS_SECRET_ACCESS_KEY", "UNSET_HERE"] });
    const seen = join(place, "seen");
    expect((await readdir(seen)).sort()).toEqual(["AWS_SECRET_ACCESS_KEY", "TOKEN", "UNSET_HERE"]);
    expect(await readFile(join(seen, "TOKEN"), "utf8")).toBe("t0ken\0second line\n");
    expect(await readFile(join(seen, "UNSET_HERE"), "utf8")).toBe("");
    for (const { args } of await fake.calls()) expect(args.join("\n")).not.toMatch(/s3cret|t0ken/);
    expect(await readdir(join(place, "tmp"))).toEqual([]);
  });

  test("gets the well-known variables that are set here, unless others are given", async () => {
    env.AUGUR_DEBUG = "1";
    const fake = await engine("docker", { run: keepVariables() });
    await run();
    expect(await readdir(join(place, "seen"))).toEqual(["AUGUR_DEBUG"]);
    await rm(join(place, "seen"), { recursive: true });
    await run({ env: ["OTHER=1"] });
    expect(await readdir(join(place, "seen"))).toEqual(["OTHER"]);
    expect(runs(await fake.calls())).toHaveLength(2);
  });

  test("in an image that knows no variables is refused where there are any", async () => {
    await engine("docker");
    const old = { value: "nextstrain/base:build-20200101T000000Z", source: "--image" };
    await expect(run({ image: old, env: ["A=1"] })).rejects.toThrow(/too old/);
    expect(await run({ image: old })).toBe(0);
  });

  test("gives the program's exit status; those that are not its own are explained", async () => {
    await engine("docker", { run: "process.exit(7)" });
    expect(await run()).toBe(7);
    expect(context.output.err).toEqual([]);
    await engine("docker", { run: "process.exit(125)" });
    expect(await run()).toBe(125);
    expect(context.output.err.join()).toMatch(/docker could not run the container.*check-setup docker/);
    await engine("docker", { run: "process.exit(127)" });
    expect(await run()).toBe(127);
    expect(context.output.err.join()).toMatch(/a program was not found in the container/);
    await engine("docker", { run: "process.exit(137)" });
    expect(await run()).toBe(137);
    expect(context.output.err.join()).toMatch(/was killed, as it is when memory runs out\. .*--memory/);
  });

  test("in Podman names Docker Hub, unless the image is here by its name", async () => {
    const fake = await engine("podman", { images: { "mine/own": "2026-01-01T00:00:00Z" } });
    for (const value of ["nextstrain/base", "debian", "mine/own", "quay.io/x/y", "localhost/x"]) {
      await run({ image: { value, source: "--image" } });
    }
    expect(runs(await fake.calls()).map(({ args }) => args[args.indexOf("snakemake") - 1])).toEqual([
      "docker.io/nextstrain/base",
      "docker.io/library/debian",
      "mine/own",
      "quay.io/x/y",
      "localhost/x",
    ]);
  });

  test("in Podman leaves nothing where the user is, unless what they give it may have paths from there", async () => {
    // As its monitor does where memory runs out.
    const fake = await engine("podman", {
      run: `args.includes("--volume=./data:/data") || require("node:fs").writeFileSync("oom", "")`,
    });
    await run();
    await run({ dockerArgs: ["--volume=./data:/data"] });
    const [alone = "", theirs] = runs(await fake.calls()).map(({ cwd }) => cwd);
    expect(alone.startsWith(join(place, "tmp"))).toBe(true);
    expect(theirs).toBe(process.cwd());
    expect(await readdir(join(place, "tmp"))).toEqual([]);
  });

  test("says which limits the engine can't keep to", async () => {
    await engine("podman", { info: podmanInfo });
    await run({ cpus: 2, memoryBytes: 2 ** 31 });
    expect(context.output.err.join()).toMatch(/podman can't keep containers to a limit here \(--cpus\)/);
  });
});

describe("set-up and update", () => {
  const options = { dryRun: false, force: false };
  const pulls = (calls: readonly Call[]) => calls.filter(({ args }) => args[0] === "pull");

  test("fetch an image that is not here; once it is, only with --force or to update", async () => {
    const fake = await engine("docker", { images: {} });
    const settings = await openSettings(context);
    await docker.setUp(context, settings, { ...options, dryRun: true });
    expect(pulls(await fake.calls())).toEqual([]);
    expect(context.output.out.join("\n")).toMatch(/Would fetch the image nextstrain\/base/);
    await docker.setUp(context, settings, options);
    expect(pulls(await fake.calls()).map(({ args }) => args)).toEqual([["pull", "nextstrain/base"]]);

    await engine("docker");
    await docker.setUp(context, settings, options);
    expect(pulls(await fake.calls())).toHaveLength(1);
    await docker.setUp(context, settings, { ...options, force: true });
    await docker.update(context, settings);
    expect(pulls(await fake.calls())).toHaveLength(3);
    expect(context.output.out.at(-1)).toBe("It is the newest already (made on 2026-01-03, 12 days ago).");
  });

  test("say it where an image can't be fetched", async () => {
    await engine("docker", { images: {} });
    env.NEXTSTRAIN_DOCKER_IMAGE = "nowhere/none";
    await expect(docker.update(context, await openSettings(context))).rejects.toThrow(
      /nowhere\/none could not be fetched/,
    );
  });
});

describe("checks", () => {
  async function findings() {
    const found = await docker.check(context, await openSettings(context));
    for (const { mark, mend } of found) if (mark !== "ok") expect(mend).toBeTruthy();
    return Object.fromEntries(found.map(({ id, mark, says }) => [id, `${mark}: ${says}`]));
  }

  test("all is well where the engine runs the image", async () => {
    await engine("docker");
    expect(await findings()).toMatchObject({
      "docker.engine": expect.stringMatching(/^ok: docker 28.2.2 works/),
      "docker.image": expect.stringMatching(/^ok: .*nextstrain\/base is here .*12 days ago/),
      "docker.run": "ok: docker can run it.",
      "docker.resources": "ok: Containers have up to 4 cores and 8.0 GiB of memory.",
    });
  });

  test("an image that is missing or old, a small memory and missing limits are a caution", async () => {
    await engine("podman", {
      info: { ...podmanInfo, host: { ...podmanInfo.host, memTotal: 2 ** 30 } },
      images: { "nextstrain/base": "2025-01-01T00:00:00Z" },
    });
    expect(await findings()).toMatchObject({
      "docker.image": expect.stringMatching(/^caution: .*made on 2025-01-01, 379 days ago/),
      "docker.resources": expect.stringMatching(/^caution: .*1.0 GiB/),
      "docker.limits": expect.stringMatching(/^caution/),
    });
    await engine("podman", { images: {} });
    expect(await findings()).toMatchObject({
      "docker.image": expect.stringMatching(/^caution: .*not here yet/),
    });
  });

  test("an engine that is missing, broken, or can't run the image is wrong", async () => {
    expect(await findings()).toEqual({
      "docker.engine": "wrong: Neither Docker nor Podman is installed here.",
    });
    await engine("docker", { info: "unreachable" });
    expect(await findings()).toMatchObject({
      "docker.engine": expect.stringMatching(/^wrong: .*Cannot connect to the daemon\.$/),
    });
    // As Docker says it: what is wrong, and then where to read more.
    const run = `fail("docker: cannot fork.\\n\\nRun 'docker run --help' for more information", 126)`;
    await engine("docker", { run });
    expect(await findings()).toMatchObject({ "docker.run": "wrong: docker can't run it: cannot fork." });
  });
});

test("versions name engine and image, and ask the image for its programs", async () => {
  await engine("docker", { run: 'console.log("snakemake\\t9.1.0\\naugur\\t31.0.0")' });
  expect(await docker.versions(context, await openSettings(context))).toEqual([
    ["docker", `28.2.2, ${join(bin, "docker")}`],
    ["image", "nextstrain/base (the default), made on 2026-01-03, 12 days ago"],
    ["snakemake in the image", "9.1.0"],
    ["augur in the image", "31.0.0"],
  ]);
});
