// The built program in a home of its own, with its local AWS, for the benchmarks.
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const program = fileURLToPath(new URL("../bin/nextstrain.js", import.meta.url));

const runFile = promisify(execFile);

/** Writes the peak memory (VmHWM, in KiB) of a program to the file named by PEAK_FILE as it exits. */
const PRELOAD = `data:text/javascript,${encodeURIComponent(
  'import fs from "node:fs"; process.on("exit", () => fs.writeFileSync(process.env.PEAK_FILE, ' +
    '/VmHWM:\\s*(\\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1]));',
)}`;

export async function openHome() {
  const scratch = await mkdtemp(join(tmpdir(), "nextstrain-bench-"));
  const directory = join(scratch, "build");
  const home = join(scratch, "home");
  const peakFile = join(scratch, "peak");
  await mkdir(directory);
  await mkdir(home);
  /** @type {Record<string, string | undefined>} */
  const env = { PATH: process.env.PATH, HOME: home, NEXTSTRAIN_HOME: join(home, ".nextstrain") };
  const options = { env, cwd: scratch, maxBuffer: 1 << 28 };
  const tool = async (/** @type {string[]} */ ...args) =>
    (await runFile(process.execPath, [program, ...args], options)).stdout;
  await tool("local-aws", "start");
  return {
    scratch,
    directory,
    /** What the program is given; may be changed. */
    env,
    tool,
    /** Runs the program; resolves to its output, its time in milliseconds and its peak memory in MiB. */
    async measured(/** @type {string[]} */ ...args) {
      const watched = { ...env, NODE_OPTIONS: `--import=${PRELOAD}`, PEAK_FILE: peakFile };
      const began = performance.now();
      const { stdout } = await runFile(process.execPath, [program, ...args], { ...options, env: watched });
      const ms = performance.now() - began;
      return { stdout, ms, peak: Number(await readFile(peakFile, "utf8")) / 1024 };
    },
    /** Runs the program to its end, and hands on what it writes to standard output as it comes. */
    async watched(/** @type {string[]} */ args, /** @type {(text: string) => void} */ see) {
      const child = spawn(process.execPath, [program, ...args], {
        env,
        cwd: scratch,
        stdio: ["ignore", "pipe", "inherit"],
      });
      child.stdout.setEncoding("utf8").on("data", see);
      const [status] = await once(child, "close");
      if (status !== 0) throw new Error(`nextstrain ${args.join(" ")} exited with ${status}`);
    },
    async status() {
      return JSON.parse(await tool("local-aws", "status", "--json"));
    },
    async close() {
      await tool("local-aws", "stop").catch(() => {});
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** @returns {number} milliseconds that Node takes with these arguments */
export function timeNode(/** @type {string[]} */ args) {
  const began = performance.now();
  spawnSync(process.execPath, args, { stdio: "ignore" });
  return performance.now() - began;
}

/** @returns {number} */
export function median(/** @type {number[]} */ values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** @returns {number} requests that local AWS has had */
export function countOf(/** @type {{ requests: Record<string, Record<string, number>> }} */ { requests }) {
  return Object.values(requests)
    .flatMap((operations) => Object.values(operations))
    .reduce((sum, count) => sum + count, 0);
}
