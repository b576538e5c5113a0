import { expect, test } from "vitest";
import { dockerInfo, podmanInfo } from "../../../test/support/fake-program.ts";
import { describeEngine, type Engine, type EngineInfo } from "./engine.ts";
import { type ContainerRun, runArguments } from "./run-arguments.ts";

function engine(info: EngineInfo): Engine {
  const described = describeEngine("/bin/docker", info);
  if (typeof described === "string") throw new Error(described);
  return described;
}

const base: ContainerRun = {
  image: "image",
  command: ["snakemake", "--cores=all"],
  mounts: [],
  tty: false,
  user: { uid: 1000, gid: 100 },
  extra: [],
};

test("the command follows the image, and --docker-arg comes last before it", () => {
  const args = runArguments(engine(dockerInfo), { ...base, extra: ["--network", "host"] });
  expect(args).toEqual([
    ...["run", "--rm", "--init", "--interactive", "--user=1000:100"],
    ...["--network", "host", "image", "snakemake", "--cores=all"],
  ]);
});

test("the container begins with an init where the engine has one", () => {
  expect(runArguments(engine(podmanInfo), base)).not.toContain("--init");
  const args = runArguments({ ...engine(podmanInfo), init: ["--init", "--init-path=/catatonit"] }, base);
  expect(args.slice(0, 4)).toEqual(["run", "--rm", "--init", "--init-path=/catatonit"]);
});

test.each<[string, EngineInfo, string[]]>([
  ["Docker", dockerInfo, ["--user=1000:100"]],
  ["rootless Docker", { ...dockerInfo, SecurityOptions: ["name=rootless"] }, ["--user=0:1"]],
  ["userns-remap", { ...dockerInfo, SecurityOptions: ["name=userns"] }, ["--userns=host", "--user=1000:100"]],
  ["rootless Podman", podmanInfo, ["--userns=keep-id"]],
])("with %s, what is made belongs to the caller", (_, info, expected) => {
  const args = runArguments(engine(info), base);
  expect(args.filter((arg) => arg.startsWith("--user"))).toEqual(expected);
});

test("root stays root: the image's entrypoint would make another of 0:0", () => {
  const args = runArguments(engine(dockerInfo), { ...base, user: { uid: 0, gid: 0 } });
  expect(args).toContain("--user=0:1");
});

test("limits are passed on where the engine can keep to them", () => {
  const run = { ...base, cpus: 3, memoryBytes: 2 ** 31 };
  expect(runArguments(engine(dockerInfo), run)).toEqual(
    expect.arrayContaining(["--cpus=3", "--memory=2147483648b"]),
  );
  const args = runArguments(engine(podmanInfo), run);
  expect(args).toContain("--memory=2147483648b");
  expect(args.join(" ")).not.toContain("--cpus");
});

test("directories may have commas, quotes and colons in their names", () => {
  const mounts = [
    { source: "/plain: path", target: "/nextstrain/build" },
    { source: '/a,b"c', target: "/nextstrain/augur" },
  ];
  expect(runArguments(engine(dockerInfo), { ...base, mounts })).toEqual(
    expect.arrayContaining([
      "--mount=type=bind,source=/plain: path,target=/nextstrain/build",
      '--mount=type=bind,"source=/a,b""c",target=/nextstrain/augur',
    ]),
  );
});

test("variables are a directory, which the container empties", () => {
  expect(runArguments(engine(dockerInfo), { ...base, envd: "/tmp/e" })).toEqual(
    expect.arrayContaining([
      "--mount=type=bind,source=/tmp/e,target=/nextstrain/env.d",
      "--env=NEXTSTRAIN_DELETE_ENVD=1",
    ]),
  );
});

test("where files are labelled, the container may use them all the same", () => {
  expect(runArguments(engine(podmanInfo), base)).toContain("--security-opt=label=disable");
  expect(runArguments(engine(dockerInfo), { ...base, tty: true })).toContain("--tty");
});
