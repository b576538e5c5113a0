import { expect, test } from "vitest";
import { createArguments } from "./create-arguments.ts";

const engine = {
  environment: { PATH: "/bin", LANG: "en" },
  isPodman: false,
  cpus: 2,
  canLimitCpus: true,
  canLimitMemory: true,
  gateway: undefined,
};
const attempt = {
  jobId: "job-1",
  number: 1,
  directory: "/state/jobs/job-1/1",
  image: "image:1",
  size: { vcpus: 4, memoryMiB: 512 },
  command: ["echo", "--env", "hello"],
  environment: {
    AWS_ENDPOINT_URL: "http://127.0.0.1:4566",
    TOKEN: "secret",
    LANG: "C.UTF-8",
    LD_PRELOAD: "x",
  },
  append: async () => undefined,
};
const create = (changes: Partial<typeof engine> | { gateway: string } = {}) =>
  createArguments({ ...engine, ...changes }, attempt, { name: "name", envFile: "/env" });

test("the command comes last, after the image, and nothing overrides the image's entrypoint, user or directory", () => {
  const { args } = create();
  expect(args.slice(-4)).toEqual(["image:1", "echo", "--env", "hello"]);
  expect(args.join(" ")).not.toMatch(/--(entrypoint|user|workdir)/);
});

test("values stand on no command line: the engine's program inherits them, or reads those that would change what it does", () => {
  const { args, environment, envFile } = create();
  expect(args.join(" ")).not.toMatch(/secret|4566|C\.UTF-8/);
  expect(args).toEqual(expect.arrayContaining(["--env", "TOKEN", "--env-file", "/env"]));
  expect(environment).toEqual({
    PATH: "/bin",
    LANG: "en",
    TOKEN: "secret",
    AWS_ENDPOINT_URL: "http://127.0.0.1:4566",
  });
  expect(envFile).toBe("LANG=C.UTF-8\nLD_PRELOAD=x\n");
});

test("limits are what the job asked for, no more CPUs than there are, and only where the engine can set them", () => {
  expect(create().args.join(" ")).toContain("--cpus 2 --memory 512m --memory-swap 512m");
  const { args } = create({ canLimitCpus: false, canLimitMemory: false });
  expect(args.join(" ")).not.toMatch(/--(cpus|memory)/);
});

test("local AWS is reached over this computer's network, or by the engine's name for this computer", () => {
  expect(create().args.join(" ")).toContain("--network host");
  const { args, environment } = create({ gateway: "host.docker.internal" });
  expect(args).not.toContain("--network");
  expect(environment.AWS_ENDPOINT_URL).toBe("http://host.docker.internal:4566");
});
