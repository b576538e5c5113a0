import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testContext } from "../test/support/context.ts";
import { tempDir } from "../test/support/temp-dir.ts";
import { openSettings } from "./settings.ts";

const VARIABLE = "NEXTSTRAIN_AWS_BATCH_QUEUE";

async function withConfig(home: string, text: string): Promise<string> {
  await mkdir(join(home, ".nextstrain"), { recursive: true });
  const file = join(home, ".nextstrain", "config");
  await writeFile(file, text);
  return file;
}

test("option, environment, config file and default, in this order", async () => {
  await using home = await tempDir();
  const file = await withConfig(home.path, "[aws-batch]\nqueue = from-config\n");
  const context = testContext({ home: home.path, env: { [VARIABLE]: "from-environment" } });
  const settings = await openSettings(context);
  expect(settings.get("awsBatchQueue", "from-option")).toEqual({
    value: "from-option",
    source: "--aws-batch-queue",
  });
  expect(settings.get("awsBatchQueue", undefined)).toEqual({ value: "from-environment", source: VARIABLE });

  const unset = await openSettings({ ...context, env: {} });
  expect(unset.get("awsBatchQueue", undefined)).toEqual({
    value: "from-config",
    source: `"queue" in ${file}`,
  });
  expect(unset.get("awsBatchJob", undefined)).toEqual({ value: "nextstrain-job", source: "the default" });
  expect(unset.get("awsBatchCpus", undefined)).toBeUndefined();
});

test("an empty variable counts as unset", async () => {
  const settings = await openSettings(testContext({ env: { [VARIABLE]: "" } }));
  expect(settings.get("awsBatchQueue", undefined)?.source).toBe("the default");
});

test("the config file is read as Python's configparser reads it", async () => {
  await using home = await tempDir();
  await withConfig(
    home.path,
    "\uFEFF# a comment\n[core]\nrunner = docker\r\n\n[aws-batch]\n; another\nS3-Bucket: s3://lab/builds\njob =\nqueue = with = sign ; kept\n",
  );
  const settings = await openSettings(testContext({ home: home.path }));
  expect(settings.get("awsBatchS3Bucket", undefined)?.value).toBe("s3://lab/builds");
  expect(settings.get("awsBatchJob", undefined)?.source).toBe("the default");
  expect(settings.get("awsBatchQueue", undefined)?.value).toBe("with = sign ; kept");
});

test("NEXTSTRAIN_HOME and NEXTSTRAIN_CONFIG move the config file", async () => {
  await using home = await tempDir();
  await writeFile(join(home.path, "config"), "[aws-batch]\njob = one\n");
  await writeFile(join(home.path, "other"), "[aws-batch]\njob = two\n");
  const byHome = await openSettings(testContext({ env: { NEXTSTRAIN_HOME: home.path } }));
  expect(byHome.get("awsBatchJob", undefined)?.value).toBe("one");
  const byFile = await openSettings(testContext({ env: { NEXTSTRAIN_CONFIG: join(home.path, "other") } }));
  expect(byFile.get("awsBatchJob", undefined)?.value).toBe("two");
});

test("a line that means nothing is named", async () => {
  await using home = await tempDir();
  await withConfig(home.path, "[aws-batch]\nwhat is this\n");
  await expect(openSettings(testContext({ home: home.path }))).rejects.toThrow(
    /Line 2 of the config file .* what is this/,
  );
});
