import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import type { Aws } from "../../aws/clients.ts";
import { toJobId } from "../../runs/ids.ts";
import { reattachCommand } from "./reattach.ts";
import type { Run } from "./run.ts";

const jobId = toJobId("0f2c1d1e-2f4b-4b7a-9a3e-1d2c3b4a5968");

function command(
  directory: string | undefined,
  aws: Partial<Aws> = { isLocal: false, region: { value: "us-east-1", source: "the default" } },
  env: Record<string, string> = {},
): string {
  const place = directory === undefined ? undefined : { root: directory, directory, subdirectory: "" };
  return reattachCommand(testContext({ env }), aws as Aws, { jobId, place } as Run);
}

test("names the job and the directory", () => {
  expect(command("/data/zika")).toBe(`nextstrain build --aws-batch --attach ${jobId} /data/zika`);
});

test("without a directory the results stay where they are", () => {
  expect(command(undefined)).toBe(`nextstrain build --aws-batch --attach ${jobId} --no-download`);
});

test.each(["/a b", "/it's", '/"$HOME" `id`', "/a;b&c|d", "/*?[x]", "/new\nline", "/ümlaut", "/!x"])(
  "a shell reads %j back as one word",
  (directory) => {
    const shown = execFileSync("sh", ["-c", `printf '%s\\0' ${command(directory)}`], { encoding: "utf8" });
    expect(shown.split("\0").at(-2)).toBe(directory);
  },
);

test("what it took from the environment goes with it, but no secrets", () => {
  const env = {
    AWS_PROFILE: "my lab",
    AWS_DEFAULT_REGION: "eu-west-1",
    AWS_ENDPOINT_URL: "http://127.0.0.1:4000",
    AWS_SECRET_ACCESS_KEY: "secret",
  };
  const aws: Partial<Aws> = {
    isLocal: false,
    profile: { value: "my lab", source: "AWS_PROFILE" },
    region: { value: "eu-west-1", source: "AWS_DEFAULT_REGION" },
  };
  const text = command("/d", aws, env);
  expect(text).toMatch(
    /^AWS_PROFILE='my lab' AWS_DEFAULT_REGION=eu-west-1 AWS_ENDPOINT_URL=http:\/\/127.0.0.1:4000 nextstrain /,
  );
  expect(text).not.toContain("secret");
});

test("each endpoint of its own goes with it, and so do the files that profiles stand in", () => {
  const env = {
    AWS_ENDPOINT_URL_S3: "http://s3.lab:1",
    AWS_ENDPOINT_URL_BATCH: "http://batch.lab:2",
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: "http://logs.lab:3",
    AWS_CONFIG_FILE: "/lab/aws config",
    AWS_SHARED_CREDENTIALS_FILE: "/lab/credentials",
  };
  const text = command("/d", undefined, env);
  const shown = execFileSync("sh", ["-c", `nextstrain() { env; }; ${text}`], { encoding: "utf8", env: {} });
  expect(shown.split("\n")).toEqual(
    expect.arrayContaining(Object.entries(env).map(([name, value]) => `${name}=${value}`)),
  );
});

const localAws = (isOfThisHome: boolean): Partial<Aws> => ({
  local: { isOfThisHome, isByOption: false, howJobsRun: async () => undefined, revive: undefined },
  region: { value: "us-east-1", source: "AWS_DEFAULT_REGION" },
});
const exported = {
  NEXTSTRAIN_HOME: "/home",
  AWS_ENDPOINT_URL: "http://127.0.0.1:4000",
  AWS_DEFAULT_REGION: "us-east-1",
};

test("on this home's local AWS, however it was named, only where its state is", () => {
  expect(command("/d", localAws(true), exported)).toBe(
    `NEXTSTRAIN_HOME=/home nextstrain build --aws-batch --local-aws --attach ${jobId} /d`,
  );
});

test("on another home's local AWS the endpoint goes with it", () => {
  expect(command("/d", localAws(false), exported)).toBe(
    `AWS_DEFAULT_REGION=us-east-1 AWS_ENDPOINT_URL=http://127.0.0.1:4000 nextstrain build --aws-batch --attach ${jobId} /d`,
  );
});
