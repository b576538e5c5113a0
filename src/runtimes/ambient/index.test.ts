import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { buildRequest } from "../../../test/support/build-request.ts";
import type { TestContext } from "../../../test/support/context.ts";
import { fakeProgram } from "../../../test/support/fake-program.ts";
import { runtimePlace } from "../../../test/support/runtime-place.ts";
import { openSettings } from "../../settings.ts";
import { ambient } from "./index.ts";

let place: string;
let build: string;
let bin: string;
let env: Record<string, string>;
let context: TestContext;

beforeEach(async () => {
  ({ place, build, bin, env, context } = await runtimePlace());
  env.AUGUR_DEBUG = "1";
});

const snakemake = (version: string) =>
  fakeProgram(
    join(bin, "snakemake"),
    `if (args[0] === "--version") console.log(${JSON.stringify(version)}); else process.exit(7);`,
  );

test.each([
  ["7.21.0", []],
  ["8.10.9", []],
  ["8.11.0", ["--benchmark-extended"]],
  ["9.3.1", ["--benchmark-extended"]],
])("Snakemake %s gets what a job's gets, and what its version knows", async (version, extended) => {
  const fake = await snakemake(version);
  const directory = join(build, "sub");
  await mkdir(directory, { recursive: true });
  const where = { root: build, directory, subdirectory: "sub" };
  const request = buildRequest(place, { place: where, programArguments: ["all"], env: ["TOKEN=t0ken"] });
  expect(await ambient.build(context, await openSettings(context), request)).toBe(7);
  const call = (await fake.calls()).at(-1);
  expect(call?.args).toEqual([
    "--printshellcmds",
    "--rerun-incomplete",
    ...extended,
    ...["--cores=all", "all"],
  ]);
  expect(call?.cwd).toBe(directory);
  expect(call?.env).toMatchObject({ TOKEN: "t0ken", HOME: place, PWD: directory });
  expect(call?.env.AUGUR_DEBUG).toBeUndefined();
});

test("a program that is missing has a shell's exit status, and what to do is said", async () => {
  const request = buildRequest(place, { program: "nothing-of-that-name" });
  expect(await ambient.build(context, await openSettings(context), request)).toBe(127);
  expect(context.output.err.join("\n")).toMatch(/nothing-of-that-name .*setup conda/s);
});

test("checks and versions say what is there", async () => {
  const settings = await openSettings(context);
  expect(await ambient.check(context, settings)).toMatchObject([
    { id: "ambient.snakemake", mark: "wrong" },
    { id: "ambient.augur", mark: "caution" },
    { id: "ambient.auspice", mark: "caution" },
  ]);
  await expect(ambient.setUp(context, settings, { dryRun: false, force: false })).rejects.toThrow(
    /no snakemake on the PATH/,
  );
  await snakemake("7.21.0");
  await fakeProgram(join(bin, "augur"), 'console.error("No module named Bio"); process.exit(1)');
  expect(await ambient.check(context, settings)).toMatchObject([
    { id: "ambient.snakemake", mark: "ok", says: expect.stringMatching(/^snakemake 7.21.0 is here/) },
    { id: "ambient.augur", mark: "caution", says: expect.stringMatching(/No module named Bio\.$/) },
    { id: "ambient.auspice", mark: "caution" },
  ]);
  await ambient.setUp(context, settings, { dryRun: false, force: false });
  expect(await ambient.versions(context, settings)).toEqual([
    ["snakemake", `7.21.0, ${join(bin, "snakemake")}`],
    ["augur", `does not work: No module named Bio, ${join(bin, "augur")}`],
    ["auspice", "not installed"],
  ]);
});
