import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { testContext } from "../../test/support/context.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import { findProfile, findRegion } from "./region.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("AWS_DEFAULT_REGION wins, with a warning where AWS_REGION differs", async () => {
  const context = testContext({ env: { AWS_DEFAULT_REGION: "eu-west-1", AWS_REGION: "us-west-2" } });
  expect(await findRegion(context)).toEqual({ value: "eu-west-1", source: "AWS_DEFAULT_REGION" });
  expect(context.output.err.join()).toMatch(/eu-west-1.*us-west-2.*differ/);
});

test("no warning where they agree, or one is absent", async () => {
  for (const env of [{ AWS_DEFAULT_REGION: "a", AWS_REGION: "a" }, { AWS_REGION: "a" }]) {
    const context = testContext({ env });
    expect((await findRegion(context)).value).toBe("a");
    expect(context.output.err).toEqual([]);
  }
});

test("then the profile's region, then us-east-1", async () => {
  await using home = await tempDir();
  // The SDK's reader of these files looks into the process's environment.
  vi.stubEnv("AWS_CONFIG_FILE", join(home.path, "config"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(home.path, "credentials"));
  await writeFile(join(home.path, "config"), "[profile lab]\nregion = ap-south-1\n");
  await writeFile(join(home.path, "credentials"), "");
  const named = await findRegion(testContext({ env: { AWS_PROFILE: "lab" } }));
  expect(named).toEqual({ value: "ap-south-1", source: expect.stringContaining('profile "lab"') });
  expect(await findRegion(testContext())).toEqual({ value: "us-east-1", source: "the default" });
});

test("a profile is known with the variable that named it; an empty one names none", () => {
  expect(findProfile(testContext({ env: { AWS_PROFILE: "lab" } }))).toEqual({
    value: "lab",
    source: "AWS_PROFILE",
  });
  expect(findProfile(testContext({ env: { AWS_DEFAULT_PROFILE: "old", AWS_PROFILE: "" } }))).toEqual({
    value: "old",
    source: "AWS_DEFAULT_PROFILE",
  });
  expect(findProfile(testContext({ env: { AWS_PROFILE: "" } }))).toBeUndefined();
});
