import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testContext } from "../../test/support/context.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import { hasNewDatasets, lastBuild, rememberBuild } from "./last-build.ts";

test("the last build is the one remembered last", async () => {
  await using home = await tempDir();
  const context = testContext({ home: home.path });
  await expect(lastBuild(context)).rejects.toThrow("no build on this computer");
  await rememberBuild(context, "/one");
  await rememberBuild(context, "/two");
  expect(await lastBuild(context)).toBe("/two");
  await writeFile(join(home.path, ".nextstrain", "last-build.json"), '{"directory": "/thr');
  await expect(lastBuild(context)).rejects.toThrow("no build on this computer");
});

test("datasets are new by when they were written here, whatever their own time says", async () => {
  await using build = await tempDir();
  const before = Date.now() - 1000;
  expect(await hasNewDatasets(build.path, before)).toBe(false);
  const dataset = join(build.path, "auspice", "zika.json");
  await mkdir(join(build.path, "auspice"));
  await writeFile(dataset, "{}");
  await utimes(dataset, 0, 0);
  expect(await hasNewDatasets(build.path, before)).toBe(true);
  expect(await hasNewDatasets(build.path, Date.now() + 60_000)).toBe(false);
});
