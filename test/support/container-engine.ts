import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { have } from "./have.ts";

/** Why tests are skipped, fit for their name: `(needs …)`. */
export interface Skip {
  readonly skip: string;
}

/** A container engine that runs containers here. */
export interface TestEngine {
  readonly command: "docker" | "podman";
  /** To be added to the environment of whatever uses it. */
  readonly env: Readonly<Record<string, string>>;
}

const runFile = promisify(execFile);

let engine: Promise<TestEngine | Skip> | undefined;

/** The engine that tests use: docker or podman, whichever works; podman also with a configuration that works where its own does not. */
export function testEngine(): Promise<TestEngine | Skip> {
  engine ??= findEngine();
  return engine;
}

async function findEngine(): Promise<TestEngine | Skip> {
  const installed = (["docker", "podman"] as const).filter(have);
  if (installed.length === 0) return { skip: "needs docker or podman" };
  if (installed.includes("docker") && (await succeeds("docker", ["info"])))
    return { command: "docker", env: { DOCKER_CONFIG: join(homedir(), ".docker"), ...inherited() } };
  if (installed.includes("podman")) {
    const env = await podmanEnvironment();
    if (env !== undefined) return { command: "podman", env: { ...inherited(), ...env } };
  }
  return { skip: `needs ${installed.join(" or ")} to work` };
}

/** What leads engines to their servers and stores, and the clean environment of a test lacks. */
function inherited(): Readonly<Record<string, string>> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && /^(DOCKER_|CONTAINERS?_|XDG_RUNTIME_DIR$)/.test(entry[0]),
  );
  return Object.fromEntries(entries);
}

/** In a virtual machine or a container that withholds some rights, podman works with less: another runtime, lower limits. */
const frugalConfiguration = `[engine]
runtime = "runc"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
`;

async function podmanEnvironment(): Promise<Readonly<Record<string, string>> | undefined> {
  if (await podmanRuns({})) return {};
  // Stays: containers that outlive the test's process are removed with the same configuration.
  const path = join(tmpdir(), "nextstrain-test-containers.conf");
  await writeFile(path, frugalConfiguration);
  const env = { CONTAINERS_CONF: path };
  return (await podmanRuns(env)) ? env : undefined;
}

/** Tries a container that needs no image: its root has nothing but this computer's /usr. */
async function podmanRuns(env: Readonly<Record<string, string>>): Promise<boolean> {
  const root = await mkdtemp(join(tmpdir(), "nextstrain-test-root-"));
  try {
    await mkdir(join(root, "usr"));
    for (const name of ["bin", "lib", "lib64"]) {
      await cp(join("/", name), join(root, name), { recursive: false, verbatimSymlinks: true }).catch(
        () => undefined,
      );
    }
    const options = ["--rm", "--network", "host", "--volume", "/usr:/usr:ro", "--rootfs", root];
    return await succeeds("podman", ["run", ...options, "/usr/bin/true"], env);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function succeeds(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  try {
    await runFile(command, args, { env: { ...process.env, ...env }, timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}
