import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { buildRequest } from "../../../test/support/build-request.ts";
import { type CondaChannels, condaChannels, micromambaPackage } from "../../../test/support/conda-channel.ts";
import type { TestContext } from "../../../test/support/context.ts";
import { fakeProgram } from "../../../test/support/fake-program.ts";
import { have } from "../../../test/support/have.ts";
import { runtimePlace } from "../../../test/support/runtime-place.ts";
import { openSettings } from "../../settings.ts";
import { lockRuntime } from "../local/directory.ts";
import { conda } from "./index.ts";

const subdir = "linux-64";
const packagePath = `/elsewhere/conda-forge/${subdir}/${micromambaPackage}`;

describe.skipIf(!["tar", "bzip2"].every(have))("with a channel of its own (needs tar, bzip2)", () => {
  let place: string;
  let build: string;
  let channels: CondaChannels;
  let env: Record<string, string>;
  let context: TestContext;

  beforeEach(async () => {
    ({ place, build, env, context } = await runtimePlace());
    channels = await condaChannels(join(place, "channels"), subdir);
    onTestFinished(() => channels[Symbol.asyncDispose]());
    channels.publish("20250601T000000Z");
    Object.assign(env, {
      PATH: process.env.PATH ?? "",
      NEXTSTRAIN_RUNTIMES: join(place, "runtimes"),
      NEXTSTRAIN_CONDA_CHANNEL_ALIAS: channels.url,
      NEXTSTRAIN_CONDA_OVERRIDE_SUBDIR: subdir,
      CONDA_PREFIX: "/some/other",
      PYTHONPATH: "/some/other",
    });
  });

  const root = () => join(place, "runtimes/conda");
  const settings = () => openSettings(context);
  const setUp = async (options = {}) =>
    conda.setUp(context, await settings(), { dryRun: false, force: false, ...options });
  const update = async () => conda.update(context, await settings());
  const micromambaCalls = async () =>
    (await readFile(join(root(), "micromamba/bin/micromamba.calls"), "utf8")).trim().split("\n");
  /** The version of the environment in use. */
  async function version(): Promise<string | undefined> {
    const rows = Object.fromEntries(await conda.versions(context, await settings()));
    return rows["nextstrain-base"]?.split(" ")[0];
  }

  test("set-up fetches micromamba, checks it, and makes the environment of the newest package", async () => {
    await setUp();
    expect(await version()).toBe("20250601T000000Z");
    const prefix = join(root(), await readlink(join(root(), "env")));
    const [create = "", clean] = await micromambaCalls();
    expect(create).toBe(
      [
        `--root-prefix ${root()}/micromamba --no-rc --no-env create --yes --prefix ${prefix}`,
        "--override-channels --strict-channel-priority",
        ...["nextstrain", "conda-forge", "bioconda"].map((name) => `--channel ${channels.url}/${name}`),
        ...(process.platform === "linux" && process.arch === "x64" ? [] : ["--platform linux-64"]),
        "nextstrain-base ==20250601T000000Z",
      ].join(" "),
    );
    expect(clean).toMatch(/ clean --all --yes$/);
    expect((await readdir(root())).sort()).toEqual(["env", "envs", "micromamba"]);
    expect(await readdir(join(root(), "micromamba/bin"))).toEqual(["micromamba", "micromamba.calls"]);
    const found = await conda.check(context, await settings());
    expect(found.filter(({ mark }) => mark !== "ok")).toEqual([]);
  });

  test("once it is there, only --force makes it again, micromamba included", async () => {
    await setUp();
    const asked = channels.requests.length;
    await setUp();
    expect(channels.requests).toHaveLength(asked);
    await setUp({ force: true });
    expect(channels.requests.filter((path) => path === packagePath)).toHaveLength(2);
    expect(await readdir(join(root(), "envs"))).toHaveLength(1);
  });

  test("a dry run says what it would do, and does nothing", async () => {
    await setUp({ dryRun: true });
    expect(context.output.out.join("\n")).toMatch(
      /Would fetch micromamba from .*\nWould install nextstrain-base/,
    );
    expect(existsSync(root())).toBe(false);
    expect(channels.requests).toEqual([]);
  });

  test("a build runs the environment's Snakemake, with nothing of other Condas or Pythons", async () => {
    await setUp();
    const out = join(place, "out");
    // The channel's Snakemake says what it sees: here it is asked by another program, which keeps that.
    const script = `snakemake "$@" > "${out}"; echo "$PYTHONPATH-$PYTHONNOUSERSITE-$TOKEN" >> "${out}"; exit 7`;
    const request = buildRequest(build, {
      program: "sh",
      programArguments: ["-c", script, "sh", "all"],
      env: ["TOKEN=t0ken", "PATH=/user/own"],
    });
    expect(await conda.build(context, await settings(), request)).toBe(7);
    const prefix = join(root(), await readlink(join(root(), "env")));
    expect(await readFile(out, "utf8")).toBe(
      `20250601T000000Z ${prefix}/bin:/usr/bin:/bin:/usr/sbin:/sbin ${prefix} all\n-1-t0ken\n`,
    );
  });

  test("without an environment, a build says how to get one", async () => {
    const request = buildRequest(place);
    await expect(conda.build(context, await settings(), request)).rejects.toMatchObject({
      message: expect.stringMatching(/not set up/),
      hint: expect.stringMatching(/`nextstrain setup conda`/),
    });
    expect(await conda.check(context, await settings())).toMatchObject([
      { id: "conda.environment", mark: "wrong", mend: "nextstrain setup conda" },
      { id: "conda.disk" },
    ]);
  });

  test("a password in a channel's address is refused, and not repeated", async () => {
    env.NEXTSTRAIN_CONDA_CHANNEL = channels.url.replace("//", "//me:s3cret@");
    const refusal = await setUp({ dryRun: true }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      name: "UserError",
      message: expect.stringMatching(/has a password in it/),
    });
    expect(`${inspect(refusal)}${context.output.out}${context.output.err}`).not.toContain("s3cret");
    expect(channels.requests).toEqual([]);
  });

  test("a package that is not what the channel says it is, is not used", { timeout: 60_000 }, async () => {
    channels.pretend("0".repeat(64));
    await expect(setUp()).rejects.toThrow(/not what the channel says that it should be/);
    expect(await readdir(join(root(), "micromamba/bin"))).toEqual([]);
    expect(existsSync(join(root(), "env"))).toBe(false);
  });

  test("a package that the channel does not know is not fetched", async () => {
    env.NEXTSTRAIN_CONDA_MICROMAMBA_URL = "conda-forge/{subdir}/micromamba-9-0.tar.bz2";
    await expect(setUp()).rejects.toThrow(/says nothing of micromamba-9-0.tar.bz2/);
    env.NEXTSTRAIN_CONDA_MICROMAMBA_URL = "conda-forge/{subdir}/micromamba-9-0.conda";
    await expect(setUp()).rejects.toThrow(/no package of the kind .tar.bz2/);
  });

  test("a download that is cut, and a server that fails, are tried again", { timeout: 60_000 }, async () => {
    channels.misbehave(
      packagePath,
      (_, response) => {
        response.writeHead(200, { "content-length": 5000 });
        response.write("half of it", () => response.destroy());
      },
      (_, response) => void response.writeHead(503).end(),
    );
    await setUp();
    expect(await version()).toBe("20250601T000000Z");
    expect(channels.requests.filter((path) => path === packagePath)).toHaveLength(3);
    expect(context.output.err.join("\n")).toMatch(/trying again[\s\S]*answers 503; trying again/);
  });

  test("a channel without the package, or with none for this platform, is said", async () => {
    env.NEXTSTRAIN_CONDA_BASE_PACKAGE = "other-base";
    await expect(setUp()).rejects.toThrow(/has no package other-base for linux-64/);
    env.NEXTSTRAIN_CONDA_CHANNEL = `${channels.url}/none`;
    await expect(setUp()).rejects.toThrow(/none\/linux-64\/repodata.json could not be fetched: .* 404/);
  });

  test("update makes a new environment, where there is something newer, and takes the old away", async () => {
    await setUp();
    await update();
    expect(context.output.out.at(-1)).toBe("nextstrain-base 20250601T000000Z is the newest already.");
    channels.publish("20251101T000000Z");
    await update();
    expect(await version()).toBe("20251101T000000Z");
    expect(await readdir(join(root(), "envs"))).toHaveLength(1);
    expect(channels.requests.filter((path) => path === packagePath)).toHaveLength(1);
  });

  test("what a build runs in stays until the build has ended, whatever is updated meanwhile", async () => {
    await setUp();
    const prefix = join(root(), await readlink(join(root(), "env")));
    const [started, go, out] = ["started", "go", "out"].map((name) => join(place, name));
    const script = `echo > ${started}; while [ ! -e ${go} ]; do sleep 0.1; done; snakemake > ${out}`;
    const request = buildRequest(build, { program: "sh", programArguments: ["-c", script] });
    const building = conda.build(context, await settings(), request);
    while (!existsSync(started ?? "")) await new Promise((resolve) => setTimeout(resolve, 5));

    channels.publish("20251101T000000Z");
    await update();
    expect(await version()).toBe("20251101T000000Z");
    await writeFile(go ?? "", "");
    expect(await building).toBe(0);
    expect(await readFile(out ?? "", "utf8")).toContain(`20250601T000000Z ${prefix}/bin:`);

    await update();
    expect(await readdir(join(root(), "envs"))).toEqual([(await readlink(join(root(), "env"))).slice(5)]);
  });

  test("an update that fails or is stopped leaves the old environment in use", async () => {
    await setUp();
    channels.publish("20251101T000000Z");
    await writeFile(join(root(), "fail"), "");
    await expect(update()).rejects.toThrow(/could not be made/);
    await rm(join(root(), "fail"));
    await writeFile(join(root(), "hang"), "");
    const stopped = expect(update()).rejects.toMatchObject({ name: "CancelledError", exitStatus: 143 });
    while ((await readFile(join(root(), "hang"), "utf8")) === "")
      await new Promise((resolve) => setTimeout(resolve, 5));
    context.send("SIGTERM");
    await stopped;
    expect(await version()).toBe("20250601T000000Z");
    expect(await readdir(join(root(), "envs"))).toHaveLength(1);
  });

  test("what a killed set-up left is swept, and an environment of the Python program is replaced", async () => {
    await mkdir(join(root(), "envs/20250101T000000-1/bin"), { recursive: true });
    await mkdir(join(root(), "env/bin"), { recursive: true });
    await symlink("/bin/true", join(root(), "env/bin/snakemake"));
    await setUp();
    expect(context.output.out[0]).toBe(`The environment is here already: ${root()}/env`);
    await update();
    expect(await version()).toBe("20250601T000000Z");
    expect(await readdir(join(root(), "envs"))).toEqual([(await readlink(join(root(), "env"))).slice(5)]);
  });

  test("two at once are kept apart", async () => {
    await using _ = await lockRuntime(root());
    await expect(setUp()).rejects.toThrow(/Another nextstrain is setting up/);
  });

  test("a conda, mamba or micromamba of the user's is used as it is", async () => {
    const fake = await fakeProgram(
      join(place, "bin/mamba"),
      `const bin = args[args.indexOf("--prefix") + 1] + "/bin";
       require("node:fs").mkdirSync(bin, { recursive: true });
       require("node:fs").writeFileSync(bin + "/snakemake", "");`,
    );
    env.NEXTSTRAIN_CONDA_PROGRAM = fake.path;
    env.NEXTSTRAIN_CONDA_BASE_PACKAGE = "nextstrain-base ==1 0";
    await setUp();
    const calls = await fake.calls();
    expect(calls.map(({ args }) => args[0])).toEqual(["create"]);
    expect(calls[0]?.args.at(-1)).toBe("nextstrain-base ==1 0");
    expect(calls[0]?.env.HOME).toBe(place);
    expect(channels.requests).toEqual([]);
    env.NEXTSTRAIN_CONDA_PROGRAM = "/none/mamba";
    await expect(setUp({ force: true })).rejects.toThrow(
      /There is no program \/none\/mamba \(from NEXTSTRAIN_CONDA_PROGRAM\)/,
    );
  });

  test("a directory with a blank is refused before anything is fetched", async () => {
    env.NEXTSTRAIN_RUNTIMES = join(place, "my runtimes");
    await expect(setUp()).rejects.toThrow(/directory with a blank/);
    expect(channels.requests).toEqual([]);
    expect(await conda.check(context, await settings())).toMatchObject([
      { id: "conda.directory", mark: "wrong" },
    ]);
  });
});
