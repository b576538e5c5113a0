import { expect, test } from "vitest";
import { readInfo } from "./engine-info.ts";

const docker = {
  ServerVersion: "28.2.2",
  OperatingSystem: "Debian GNU/Linux 12 (bookworm)",
  NCPU: 8,
  CpuCfsQuota: true,
  MemoryLimit: true,
  SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
};
const podman = {
  host: { cpus: 4, cgroupControllers: ["cpu", "memory", "pids"], serviceIsRemote: false },
  version: { Version: "5.2.0" },
};
const read = (info: object, platform: NodeJS.Platform = "linux") => readInfo(JSON.stringify(info), platform);

test("docker on Linux shares this computer's network with containers", () => {
  expect(read(docker)).toEqual({
    name: "docker 28.2.2",
    isPodman: false,
    cpus: 8,
    canLimitCpus: true,
    canLimitMemory: true,
    gateway: undefined,
  });
});

test("Docker Desktop, in its virtual machine, has a name for this computer", () => {
  const gateway = "host.docker.internal";
  expect(read({ ...docker, OperatingSystem: "Docker Desktop" })).toMatchObject({ gateway });
  expect(read({ ...docker, OperatingSystem: "OrbStack" }, "darwin")).toMatchObject({ gateway });
});

test("docker whose server does not answer, or whose containers cannot reach local AWS, is none", () => {
  expect(read({ ...docker, ServerVersion: "" })).toEqual({ why: "does not answer" });
  expect(readInfo("", "linux")).toEqual({ why: "does not answer" });
  expect(read({ ...docker, SecurityOptions: ["name=rootless"] })).toEqual({
    why: expect.stringContaining("without root"),
  });
});

test("podman is known as such under docker's name too, with the limits it may set", () => {
  expect(read(podman)).toMatchObject({ name: "podman 5.2.0", isPodman: true, cpus: 4, gateway: undefined });
  expect(read({ ...podman, host: { ...podman.host, cgroupControllers: ["memory", "pids"] } })).toMatchObject({
    canLimitCpus: false,
    canLimitMemory: true,
  });
  expect(read(podman, "darwin")).toMatchObject({ gateway: "host.containers.internal" });
});
