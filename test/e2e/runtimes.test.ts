import { execFile, spawn } from "node:child_process";
import { cp, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testEngine } from "../support/container-engine.ts";
import { have } from "../support/have.ts";
import { testImage } from "../support/image.ts";
import { program, type RunningTool, runTool } from "../support/run-tool.ts";
import { startInTerminal } from "../support/terminal.ts";
import { type Workplace, workplace } from "../support/workplace.ts";
import { haveZikaData, zikaDirectory } from "../support/zika.ts";

const runFile = promisify(execFile);
const example = fileURLToPath(new URL("../../examples/outbreak", import.meta.url));
/** What a run of Snakemake by itself may have left in the checkout. */
const MADE = [".snakemake", "results", "auspice"];

const tools = ["snakemake", "augur", "mafft"].every(have) && (have("iqtree2") || have("iqtree"));
const engine = await testEngine();
const image = await testImage();
const needs = typeof image === "string" ? undefined : image.skip;

let place: Workplace;
beforeAll(async () => {
  place = await workplace();
  if (!("skip" in engine)) Object.assign(place.env, engine.env);
});
afterAll(() => place[Symbol.asyncDispose]());

/** How each runtime that can be had here is asked for. The host's network is the one that works wherever containers do. */
const runtimes: readonly {
  readonly name: string;
  readonly flags: readonly string[];
  readonly needs?: string;
}[] = [
  { name: "ambient", flags: ["--ambient"] },
  {
    name: "docker",
    flags: ["--docker", "--docker-arg=--network=host", `--image=${image}`],
    ...(needs ? { needs } : {}),
  },
];

/** Contents by path, without what has times in it: logs, and Snakemake's own. */
async function filesIn(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !/\.log$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((path) => !path.startsWith(".snakemake/"))
    .sort();
  const contents = await Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(directory, path), "latin1");
      return [path, text.replace(/"updated": "[^"]*"/, '"updated": ""')] as const;
    }),
  );
  return Object.fromEntries(contents);
}

describe.skipIf(!tools)("the example (needs snakemake, augur, mafft, iqtree)", () => {
  let expected: Record<string, string>;
  // The order of Python's sets is by chance otherwise, and with it that of some lists.
  const build = (directory: string, flags: readonly string[]) =>
    place.run("build", ...flags, "--cpus=2", "--env", "PYTHONHASHSEED=0", directory);

  async function copyOfExample(name: string): Promise<string> {
    const directory = join(place.directory, name);
    await cp(example, directory, { recursive: true, filter: (source) => !MADE.includes(basename(source)) });
    return directory;
  }

  test("is built by --ambient; built again, no rule runs", { timeout: 600_000 }, async () => {
    const directory = await copyOfExample("ambient");
    const first = await build(directory, ["--ambient"]);
    expect(first.exitStatus).toBe(0);
    expect(first.stdout + first.stderr).toMatch(/10 of 10 steps \(100%\) done/);
    expected = await filesIn(directory);
    expect(expected["auspice/outbreak.json"]).toMatch(/"version": "v2"/);
    const second = await build(directory, ["--ambient"]);
    expect(second.exitStatus).toBe(0);
    expect(second.stdout + second.stderr).toMatch(/Nothing to be done/);
  });

  test.skipIf(needs !== undefined)(
    `gives the same files by --docker, all the caller's own (${needs ?? "needs docker or podman"})`,
    { timeout: 600_000 },
    async () => {
      const directory = await copyOfExample("docker");
      const result = await build(directory, runtimes[1]?.flags ?? []);
      expect(result.stderr).toMatch(/10 of 10 steps \(100%\) done/);
      expect(result.exitStatus).toBe(0);
      expect(await filesIn(directory)).toEqual(expected);
      expect((await stat(join(directory, "auspice/outbreak.json"))).uid).toBe(process.getuid?.());
    },
  );

  test.skipIf(!["zip", "unzip"].every(have))(
    "gives the same files by --aws-batch (needs zip, unzip)",
    { timeout: 600_000 },
    async () => {
      const directory = await copyOfExample("aws-batch");
      const result = await build(directory, ["--aws-batch", "--local-aws"]);
      expect(result.exitStatus).toBe(0);
      expect(await filesIn(directory)).toEqual(expected);
    },
  );

  test.skipIf(!haveZikaData())(
    "real Zika data become a tree by --ambient (needs the Zika data)",
    {
      timeout: 600_000,
    },
    async () => {
      const directory = join(place.directory, "zika");
      zikaDirectory(directory);
      const result = await place.run("build", "--ambient", directory);
      expect(result.exitStatus).toBe(0);
      expect(await readFile(join(directory, "auspice/zika.json"), "utf8")).toMatch(/"version": "v2"/);
    },
  );
});

/** Counts how often it is interrupted, for a while longer than it takes to be interrupted twice. (A shell would take two for one.) */
const COUNT = `import signal, sys, time
interrupts = []
signal.signal(signal.SIGINT, lambda *_: interrupts.append(1))
if sys.stdin.isatty() and sys.stdout.isatty(): print("on a terminal")
print("ready", flush=True)
while not interrupts: time.sleep(0.1)
time.sleep(1)
print("interrupts:", len(interrupts))
sys.exit(5)`;

for (const { name, flags, needs: missing } of runtimes) {
  describe.skipIf(missing !== undefined)(`a build by --${name}${missing ? ` (${missing})` : ""}`, () => {
    const args = (script: string, ...options: string[]) => [
      ...["build", ...flags, ...options, "--exec", "sh", join(place.directory, "data"), "-c", script],
    ];
    const counting = () => [
      "build",
      ...flags,
      "--exec",
      "python3",
      join(place.directory, "data"),
      "-c",
      COUNT,
    ];
    beforeAll(async () => {
      await mkdir(join(place.directory, "data"), { recursive: true });
      await writeFile(join(place.directory, "nextstrain-pathogen.yaml"), "");
    });

    test("runs in the directory within the build root, whose files it makes here", async () => {
      const result = await place.run(
        ...args("pwd; cat ../nextstrain-pathogen.yaml; echo made > ../made; exit 7"),
      );
      expect(result.stderr).toBe("");
      expect(result.stdout.trim()).toBe(
        name === "docker" ? "/nextstrain/build/data" : join(place.directory, "data"),
      );
      expect(result.exitStatus).toBe(7);
      expect(await place.read("made")).toBe("made\n");
    });

    test("has the variables given, and not the well-known ones then", async () => {
      place.env.AUGUR_DEBUG = "1";
      const script = 'printf "%s|" "$TOKEN" "$AUGUR_DEBUG" "$HASH"';
      const given = await place.run(
        ...args(script, "--env", "TOKEN=two\nlines, 'quoted' \"twice\"", "--env=HASH"),
      );
      expect(given.stdout).toBe("two\nlines, 'quoted' \"twice\"|||");
      const wellKnown = await place.run(...args(script));
      expect(wellKnown.stdout).toBe("|1||");
      delete place.env.AUGUR_DEBUG;
    });

    test.skipIf(process.platform !== "linux")("shows no value on a command line (needs /proc)", async () => {
      place.env.TOKEN = "s3cret-of-the-test";
      const running = place.start(
        ...args('test -n "$TOKEN" && echo ready; while [ ! -e done ]; do sleep 0.1; done', "--env=TOKEN"),
      );
      delete place.env.TOKEN;
      await running.seen(/ready/);
      const processes = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
      const lines = await Promise.all(
        processes.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
      );
      await place.write("data/done", "");
      expect((await running.ended).exitStatus).toBe(0);
      expect(lines.join("\n")).toMatch(/while \[ ! -e done \]/);
      expect(lines.join("\n")).not.toContain("s3cret-of-the-test");
    });

    test("reads standard input, and keeps output and errors apart", async () => {
      const child = spawn(process.execPath, [program, ...args("cat; echo error >&2")], { env: place.env });
      child.stdin.end("what was typed");
      const streams = await Promise.all(
        [child.stdout, child.stderr].map(async (stream) => (await stream.toArray()).join("")),
      );
      expect(streams).toEqual(["what was typed", "error\n"]);
    });

    test("ends with SIGTERM as its program does", async () => {
      const running = place.start(...args("trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done"));
      await running.seen(/ready/);
      running.child.kill("SIGTERM");
      expect((await running.ended).exitStatus).toBe(3);
    });

    test.skipIf(!have("python3"))(
      "passes an interrupt on where no terminal does (needs python3)",
      async () => {
        // A session of its own has no terminal.
        const child = spawn(process.execPath, [program, ...counting()], { env: place.env, detached: true });
        let out = "";
        const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
        await new Promise<void>((resolve, reject) => {
          ended.then(() => reject(new Error("it ended before it was ready")), reject);
          child.stdout.on("data", (chunk: Buffer) => {
            out += chunk.toString();
            if (/ready/.test(out)) resolve();
          });
        });
        child.kill("SIGINT");
        expect(await ended).toBe(5);
        expect(out).toMatch(/interrupts: 1/);
        expect(out).not.toMatch(/on a terminal/);
      },
    );

    test.skipIf(!have("python3"))(
      "has the terminal, where Control-C comes once (needs python3)",
      async () => {
        const terminal = startInTerminal(counting(), { env: place.env, cwd: place.home });
        await terminal.seen(/on a terminal[\s\S]*ready/);
        terminal.type("\u0003");
        const result = await terminal.ended;
        expect(result.lines.join("\n")).toMatch(/interrupts: 1/);
        expect(result.exitStatus).toBe(5);
        expect(result.settingsKept).toBe(true);
      },
    );
  });
}

describe.skipIf(needs !== undefined)(`a container (${needs ?? "needs docker or podman"})`, () => {
  const start = (script: string, ...options: string[]): RunningTool =>
    place.start(
      ...["build", ...(runtimes[1]?.flags ?? []), ...options],
      ...["--exec", "sh", place.directory, "-c", script],
    );

  test("has no more cores and memory than asked for", async () => {
    const script =
      "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/memory/memory.limit_in_bytes";
    const { stdout } = await start(script, "--cpus=1", "--memory=512mib").ended;
    expect(stdout.trim().split("\n")).toEqual([expect.stringMatching(/^100000\b/), String(512 * 1024 ** 2)]);
  });

  test("that takes too much memory is killed, and leaves nothing where the user is", async () => {
    const cwd = join(place.home, "elsewhere");
    await mkdir(cwd);
    const env = await onHostsNetwork(place.env);
    const args = [
      "build",
      "--docker",
      `--image=${image}`,
      "--memory=100mib",
      "--exec=python3",
      place.directory,
    ];
    const result = await runTool([...args, "-c", "bytearray(2000 << 20)"], { env, cwd });
    expect(result.stderr).toMatch(/was killed, as it is when memory runs out/);
    expect(result.exitStatus).toBe(137);
    expect(await readdir(cwd)).toEqual([]);
  });

  /** Podman's network without --docker-arg, which would have it run where the user is. */
  async function onHostsNetwork(env: Readonly<Record<string, string>>) {
    if (env.CONTAINERS_CONF === undefined) return env;
    const file = join(place.home, "containers.conf");
    const text = await readFile(env.CONTAINERS_CONF, "utf8");
    await writeFile(file, text.replace("[containers]", '[containers]\nnetns = "host"'));
    return { ...env, CONTAINERS_CONF: file };
  }

  test("has overlays, and is gone with the program", async () => {
    const overlay = join(place.home, "augur, mine");
    await mkdir(overlay);
    await writeFile(join(overlay, "origin"), "here");
    const name = `nextstrain-test-${process.pid}`;
    const { stdout } = await start(
      "cat /nextstrain/augur/origin",
      `--augur=${overlay}`,
      `--docker-arg=--name=${name}`,
    ).ended;
    expect(stdout).toBe("here");
    if ("skip" in engine) return;
    const env = { ...process.env, ...engine.env };
    await expect(runFile(engine.command, ["container", "inspect", name], { env })).rejects.toThrow();
  });

  test("a shell has what a build would have", async () => {
    const flags = runtimes[1]?.flags ?? [];
    const result = await place.run(
      "shell",
      ...flags,
      "--env=A=1",
      place.directory,
      "-c",
      'echo "$A"; pwd; exit 4',
    );
    expect(result.stdout).toBe("1\n/nextstrain/build\n");
    expect(result.exitStatus).toBe(4);
  });

  test.skipIf(!have("python3"))("a shell's prompt says where it is (needs python3)", async () => {
    const flags = runtimes[1]?.flags ?? [];
    const terminal = startInTerminal(["shell", ...flags, place.directory], {
      env: place.env,
      cwd: place.home,
    });
    await terminal.seen(/\[nextstrain docker\] ~\/build [#$] /);
    terminal.type("exit 4\r");
    expect((await terminal.ended).exitStatus).toBe(4);
  });
});
