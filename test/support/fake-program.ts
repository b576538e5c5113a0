import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** How a fake program was called. */
export interface Call {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** A program that notes how it is called. */
export interface FakeProgram {
  /** Absolute path of the directory it is in, for a PATH. */
  readonly directory: string;
  readonly path: string;
  calls(): Promise<readonly Call[]>;
}

/**
 * Makes an executable that notes its arguments, environment and directory, then does what `body` says: JavaScript
 * (CommonJS), to which `args` is known.
 */
export async function fakeProgram(path: string, body = ""): Promise<FakeProgram> {
  const notes = `${path}.calls`;
  await mkdir(dirname(path), { recursive: true });
  const script = `#!${process.execPath}
const args = process.argv.slice(2);
const call = { args, env: process.env, cwd: process.cwd() };
require("node:fs").appendFileSync(${JSON.stringify(notes)}, JSON.stringify(call) + "\\n");
${body}
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return {
    directory: dirname(path),
    path,
    async calls() {
      const text = await readFile(notes, "utf8").catch(() => "");
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Call);
    },
  };
}

/** What `docker info` says where it works, to be answered by a fake. */
export const dockerInfo = {
  ServerVersion: "28.2.2",
  OperatingSystem: "Debian GNU/Linux 12",
  OSType: "linux",
  SecurityOptions: ["name=seccomp,profile=builtin"],
  NCPU: 4,
  MemTotal: 8 * 1024 ** 3,
  MemoryLimit: true,
  CpuCfsQuota: true,
  DockerRootDir: "/",
};

/** What `podman info` says, rootless. */
export const podmanInfo = {
  host: {
    cpus: 4,
    memTotal: 8 * 1024 ** 3,
    cgroupControllers: ["memory", "pids"],
    security: { rootless: true, selinuxEnabled: true },
  },
  store: { graphRoot: "/" },
  version: { Version: "5.2.0" },
};

/** A Docker or Podman, at least for this program: it knows the images given, and runs nothing. */
export function fakeEngine(
  directory: string,
  name: "docker" | "podman",
  {
    info = name === "docker" ? dockerInfo : podmanInfo,
    images = { "nextstrain/base": "2026-01-03T12:00:00Z" },
    run = "",
  }: {
    readonly info?: object | "unreachable";
    readonly images?: Readonly<Record<string, string>>;
    /** What it does in place of running a container. */
    readonly run?: string;
  } = {},
): Promise<FakeProgram> {
  return fakeProgram(
    join(directory, name),
    `const info = ${JSON.stringify(info)}, images = ${JSON.stringify(images)};
const fail = (text, status = 1) => { console.error(text); process.exit(status); };
if (args[0] === "info") {
  if (info === "unreachable") fail("Cannot connect to the daemon.");
  console.log(JSON.stringify(info));
} else if (args[0] === "image" && args[1] === "inspect") {
  const made = images[args.at(-1)];
  if (!made) fail("Error: no such image");
  console.log("sha256:0123 " + JSON.stringify(made));
} else if (args[0] === "image" && args[1] === "rm") {
  if (args[2].includes("busy")) fail("Error: a container is using it.");
} else if (args[0] === "pull") {
  if (args[1].includes("nowhere")) fail("Error: no such thing", 125);
} else if (args[0] === "run") {
  ${run}
}`,
  );
}
