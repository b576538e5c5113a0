import { expect, test } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import { dockerInfo, fakeEngine, fakeProgram, podmanInfo } from "../../../test/support/fake-program.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { describeEngine, findEngine } from "./engine.ts";

test.each([
  ["Docker on Linux", {}, "same"],
  [
    "rootless Docker",
    { SecurityOptions: ["name=seccomp,profile=builtin", "name=rootless"] },
    "root-is-caller",
  ],
  ["Docker with userns-remap", { SecurityOptions: ["name=userns"] }, "remapped"],
  [
    "Docker Desktop in WSL",
    { OperatingSystem: "Docker Desktop", KernelVersion: "5.15.0-microsoft-standard-WSL2" },
    "any",
  ],
] as const)("%s has its own way with users", (_, info, users) => {
  expect(describeEngine("/bin/docker", { ...dockerInfo, ...info })).toMatchObject({ kind: "docker", users });
});

test.runIf(process.platform === "linux")(
  "Docker Desktop for Linux makes root the caller (needs Linux)",
  () => {
    const info = { ...dockerInfo, OperatingSystem: "Docker Desktop", KernelVersion: "6.10.0-linuxkit" };
    expect(describeEngine("/bin/docker", info)).toMatchObject({ users: "root-is-caller" });
  },
);

test("Podman keeps the caller's number where it is rootless, and limits what its cgroups let it", () => {
  expect(describeEngine("/bin/podman", podmanInfo)).toMatchObject({
    kind: "podman",
    version: "5.2.0",
    users: "keep-id",
    labels: true,
    limits: { cpus: false, memory: true },
  });
  const asRoot = { ...podmanInfo, host: { ...podmanInfo.host, security: { rootless: false } } };
  expect(describeEngine("/bin/podman", asRoot)).toMatchObject({
    users: "same",
    labels: false,
    limits: { cpus: true, memory: true },
  });
});

test("Podman has an init where one is installed, or where it runs in a machine of its own", async () => {
  await using place = await tempDir();
  const podman = async (info: object = podmanInfo) => {
    await fakeEngine(place.path, "podman", { info });
    return findEngine(testContext({ env: { PATH: place.path } }));
  };
  // This computer's own, if it has one, is in none of the test's directories.
  expect((await podman()).init.join()).not.toContain(place.path);
  const remote = { ...podmanInfo, host: { ...podmanInfo.host, serviceIsRemote: true } };
  expect((await podman(remote)).init).toEqual(["--init"]);
  expect(describeEngine("/bin/podman", podmanInfo)).toMatchObject({ init: [] });
  const { path } = await fakeProgram(`${place.path}/catatonit`);
  expect(describeEngine("/bin/podman", podmanInfo, path)).toMatchObject({
    init: ["--init", `--init-path=${path}`],
  });
  expect((await podman()).init[1]).toMatch(/^--init-path=\/.*\/catatonit$/);
});

test("the disk of a virtual machine is not looked for on this computer", () => {
  const remote = { ...podmanInfo, host: { ...podmanInfo.host, serviceIsRemote: true } };
  const desktop = { ...dockerInfo, OperatingSystem: "Docker Desktop" };
  for (const info of [remote, desktop]) {
    expect(describeEngine("/bin/engine", info)).toMatchObject({ storage: undefined });
  }
  for (const info of [podmanInfo, dockerInfo]) {
    expect(describeEngine("/bin/engine", info)).toMatchObject({ storage: "/" });
  }
});

test("a command without its daemon does not work", () => {
  expect(describeEngine("/bin/docker", { ServerErrors: ["Cannot connect"] })).toBe("Cannot connect");
  expect(describeEngine("/bin/docker", { ServerVersion: "" })).toMatch(/daemon does not answer/);
  expect(describeEngine("/bin/docker", { ...dockerInfo, OSType: "windows" })).toMatch(/not of Linux/);
});

test("docker is taken where it works, podman where docker doesn't", async () => {
  await using place = await tempDir();
  const docker = await fakeEngine(place.path, "docker");
  const context = testContext({ env: { PATH: place.path } });
  expect((await findEngine(context)).program).toBe(docker.path);
  const podman = await fakeEngine(place.path, "podman");
  expect((await findEngine(context)).program).toBe(docker.path);
  expect(await podman.calls()).toEqual([]);
  await fakeEngine(place.path, "docker", { info: "unreachable" });
  expect((await findEngine(context)).program).toBe(podman.path);
});

test("podman under docker's name is podman", async () => {
  await using place = await tempDir();
  await fakeEngine(place.path, "docker", { info: podmanInfo });
  expect(await findEngine(testContext({ env: { PATH: place.path } }))).toMatchObject({ kind: "podman" });
});

test("where the user may not talk to Docker, starting it is not what is told", async () => {
  await using place = await tempDir();
  const refused =
    "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock";
  await fakeEngine(place.path, "docker", { info: { ServerErrors: [refused] } });
  await expect(findEngine(testContext({ env: { PATH: place.path } }))).rejects.toMatchObject({
    message: expect.stringContaining(refused),
    hint: expect.stringMatching(/^You may not use Docker: .*usermod.*--ambient/),
  });
});

test("without an engine, what to do is said in plain words", async () => {
  await using place = await tempDir();
  const context = testContext({ env: { PATH: place.path } });
  await expect(findEngine(context)).rejects.toMatchObject({
    name: "UserError",
    message: expect.stringMatching(/Docker or Podman, and neither is installed/),
    hint: expect.stringMatching(/`nextstrain check-setup`.*--ambient.*--aws-batch.*--local-aws/),
  });
  const docker = await fakeEngine(place.path, "docker", { info: "unreachable" });
  await expect(findEngine(context)).rejects.toMatchObject({
    message: expect.stringContaining(
      `${docker.path} is installed, but does not work: Cannot connect to the daemon.`,
    ),
    hint: expect.stringMatching(/Start Docker.*--ambient/),
  });
});
