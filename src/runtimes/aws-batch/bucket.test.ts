import { describe, expect, test } from "vitest";
import { UsageError } from "../../errors.ts";
import { parseRunId } from "../../runs/ids.ts";
import { parseBucket, runObjects, siblingsOf } from "./bucket.ts";

const source = "--aws-batch-s3-bucket";

describe("the bucket's name", () => {
  test.each([
    ["jobs", "jobs", ""],
    ["s3://jobs", "jobs", ""],
    ["jobs/", "jobs", ""],
    ["s3://my.jobs-1/a/b/", "my.jobs-1", "a/b/"],
    ["jobs//a", "jobs", "a/"],
  ])("%s", (value, bucket, prefix) => {
    expect(parseBucket({ value, source })).toEqual({ bucket, prefix });
  });

  test.each(["", "Jobs", "s3://", "a", "https://jobs.s3.amazonaws.com", "jobs_1", "-jobs"])(
    "%j is refused, with where it is from",
    (value) => {
      expect(() => parseBucket({ value, source })).toThrow(UsageError);
      expect(() => parseBucket({ value, source })).toThrow(source);
    },
  );
});

test.each([
  [
    "arn:aws:s3:eu-west-1:123456789012:accesspoint/lab",
    /access point.*--account-id 123456789012 --name lab /s,
  ],
  [
    "s3://arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/lab/a",
    /access point.*--region cn-north-1 .*--name lab /s,
  ],
  ["arn:aws:s3:::jobs/a", /the ARN of an S3 bucket.*Give its name: jobs\/a$/s],
])("%s is refused, with the name to give", (value, expected) => {
  const error = catching(() => parseBucket({ value, source }));
  expect(error).toBeInstanceOf(UsageError);
  expect(`${error}\n${(error as UsageError).hint}`).toMatch(expected);
});

function catching(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

test("the alias of an access point is a bucket's name", () => {
  const alias = "lab-xmpx7tnbxzgtrzxkaoxk9hfj1sgpuuse1b-s3alias";
  expect(parseBucket({ value: `${alias}/a`, source })).toEqual({ bucket: alias, prefix: "a/" });
});

test("a run's objects lie side by side, and each leads to the others", () => {
  const runId = parseRunId("0f2c1d1e-2f4b-4b7a-9a3e-1d2c3b4a5968");
  if (runId === undefined) throw new Error("that is a run id");
  const objects = runObjects({ bucket: "jobs", prefix: "a/" }, runId);
  expect(Object.values(objects).map(({ bucket, key }) => `${bucket} ${key.replace(runId, "RUN")}`)).toEqual(
    expect.arrayContaining(["jobs a/RUN.zip", "jobs a/RUN-env.d.zip"]),
  );
  const siblings = siblingsOf(objects.workdir);
  expect(siblings?.envd).toEqual(objects.envd);
  expect(siblings?.manifest).toEqual(objects.manifest);
});

test("an object that is no archive has no siblings", () => {
  expect(siblingsOf({ bucket: "jobs", key: "data.tar" })).toBeUndefined();
});
