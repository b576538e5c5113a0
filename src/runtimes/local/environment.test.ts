import { expect, test } from "vitest";
import { buildVariables, hostEnvironment } from "./environment.ts";

const env = {
  HOME: "/home/me",
  OLDPWD: "/before",
  PWD: "/here",
  AWS_SECRET_ACCESS_KEY: "secret",
  FOO: "foo",
};

async function environmentWith(...given: string[]) {
  const { variables } = await buildVariables({ env, cwd: "/" }, { env: given, envdirs: [] });
  return hostEnvironment({ env }, variables, "/build");
}

test("a program here has this environment, with PWD where it runs", async () => {
  expect(await environmentWith()).toEqual({
    HOME: "/home/me",
    PWD: "/build",
    AWS_SECRET_ACCESS_KEY: "secret",
    FOO: "foo",
  });
});

test("variables given are added, and turn the well-known ones off", async () => {
  expect(await environmentWith("BAR=bar", "FOO=other")).toEqual({
    HOME: "/home/me",
    PWD: "/build",
    FOO: "other",
    BAR: "bar",
  });
  expect(await environmentWith("AWS_SECRET_ACCESS_KEY")).toMatchObject({ AWS_SECRET_ACCESS_KEY: "secret" });
});

test("a variable that is named, and not set here, is unset", async () => {
  expect((await environmentWith("NONE")).NONE).toBeUndefined();
});
