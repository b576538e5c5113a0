import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { daemonEnvironment } from "./daemon-environment.ts";
import { exportLines, unsetLines, withoutAwsSettings } from "./local-aws-environment.ts";

const local = {
  endpoint: "http://127.0.0.1:4566",
  region: "us-east-1",
  credentials: { accessKeyId: "LOCALKEY", secretAccessKey: "secret" },
  pid: 1,
  port: 4566,
  stateDirectory: "/state",
  executor: "auto",
};

const inShell = (lines: readonly string[], env: Record<string, string>) =>
  execFileSync("sh", ["-c", [...lines, "env"].join("\n")], { env, encoding: "utf8" }).split("\n");

test("the exports replace the user's own account", () => {
  const env = {
    AWS_PROFILE: "work",
    AWS_SESSION_TOKEN: "t",
    AWS_ENDPOINT_URL_S3: "http://x",
    AWS_REGION: "eu-1",
  };
  const variables = inShell(exportLines(local, env), env).filter((line) => line.startsWith("AWS_"));
  expect(variables.sort()).toEqual([
    "AWS_ACCESS_KEY_ID=LOCALKEY",
    "AWS_DEFAULT_REGION=us-east-1",
    "AWS_ENDPOINT_URL=http://127.0.0.1:4566",
    "AWS_REGION=us-east-1",
    "AWS_SECRET_ACCESS_KEY=secret",
  ]);
});

test("where a proxy is set, local AWS is reached without it", () => {
  const env = { http_proxy: "http://proxy:3128", NO_PROXY: "intranet" };
  const variables = inShell(exportLines(local, env), env);
  expect(variables).toContain("no_proxy=127.0.0.1");
  expect(variables).toContain("NO_PROXY=127.0.0.1,intranet");
  expect(exportLines(local, {}).join()).not.toContain("PROXY");
});

test("--unset takes back all that was exported", () => {
  const variables = inShell([...exportLines(local, {}), ...unsetLines()], {});
  expect(variables.filter((line) => line.startsWith("AWS_"))).toEqual([]);
});

test("the daemon is given what programs are found by, and no secrets", () => {
  const passed = {
    PATH: "/bin",
    HOME: "/home/me",
    LC_ALL: "C",
    XDG_RUNTIME_DIR: "/run/user/1",
    DOCKER_HOST: "unix:///d",
  };
  const kept = { ...passed, no_proxy: "localhost", HTTPS_PROXY: "http://proxy:3128" };
  const secret = {
    GH_TOKEN: "t",
    AWS_PROFILE: "lab",
    PASSWORD: "p",
    NODE_OPTIONS: "--inspect",
    DOCKER_AUTH_CONFIG: "{}",
  };
  expect(daemonEnvironment({ ...kept, ...secret, http_proxy: "http://me:password@proxy" })).toEqual(kept);
});

test("by --local-aws nothing of the user's own AWS settings is used", () => {
  expect(withoutAwsSettings({ AWS_PROFILE: "lab", AWS_ACCESS_KEY_ID: "KEY", PATH: "/bin" })).toEqual({
    PATH: "/bin",
  });
});
