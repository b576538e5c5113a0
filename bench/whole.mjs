// Whole runs of the built program, each against what the existing program does (existing.py: Python's own ZIP files through one
// connection) and against the least that it can take (floor.ts), in turns, with the peak memory of program and server. Linux
// only (/proc). NEXTSTRAIN_BENCH_MIB makes the 512 MiB smaller, NEXTSTRAIN_BENCH_FILES the 20,000 files, where time is
// short; NEXTSTRAIN_BENCH_ROUNDS is how often each is run. TMPDIR=/dev/shm takes the disk out of it.
import { execFile } from "node:child_process";
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundle } from "./bundle.mjs";
import { median, openHome } from "./tool.mjs";

export const name = "whole";

const SIZE = Number(process.env.NEXTSTRAIN_BENCH_MIB ?? 512);
const FILES = Number(process.env.NEXTSTRAIN_BENCH_FILES ?? 20_000);
const ROUNDS = Number(process.env.NEXTSTRAIN_BENCH_ROUNDS ?? 3);
/** Which of the works below: a regular expression. */
const ONLY = new RegExp(process.env.NEXTSTRAIN_BENCH_WORKS ?? "");
const SMALL = 4096;
/** Lines of random bases, without end. */
const BASES = `base64 -w 80 /dev/urandom | tr 'A-Za-z0-9+/' '${"ACGT".repeat(16)}'`;
const LARGE_FILES = `${BASES} | head -c ${SIZE}M | split -d -b ${SIZE / 4}M - large-`;
const SMALL_FILES = `${BASES} | head -c ${FILES * SMALL} | split -d -a 6 -b ${SMALL} - small-`;
const BUILD = ["build", "--aws-batch", "--local-aws"];

const runFile = promisify(execFile);
const existing = fileURLToPath(new URL("existing.py", import.meta.url));

/** @typedef {Awaited<ReturnType<typeof openPlace>>} Place */

/** @type {Record<string, (place: Place) => Promise<string | string[]>>} */
const works = {
  "large-uploads": largeUploads,
  "small-uploads": (place) => upload(place, `upload ${FILES} × 4 KiB, first time`, SMALL_FILES, 2.5),
  "large-download": (place) =>
    download(place, `download ${SIZE} MiB into an empty directory`, LARGE_FILES, 2),
  "small-download": (place) =>
    download(place, `download ${FILES} small results into an empty directory`, SMALL_FILES, 5),
  again,
};

/** @returns {Promise<string[]>} */
export async function run() {
  const place = await openPlace();
  try {
    const lines = [];
    for (const [key, line] of Object.entries(works))
      if (ONLY.test(key)) lines.push(...[await line(place)].flat());
    return lines;
  } finally {
    await place.close();
  }
}

async function openPlace() {
  const home = await openHome();
  const exported = await home.tool("local-aws", "env");
  const variables = [...exported.matchAll(/^export (AWS_\w+)=(\S+)$/gm)].map(([, key, value]) => [
    key,
    value,
  ]);
  const { pid } = await home.status();
  const floor = await bundle("bench/floor.ts");
  const env = { PATH: process.env.PATH, ...Object.fromEntries(variables) };
  // A shim on the PATH, such as pyenv's, would take time of its own.
  const { stdout: python } = await runFile("python3", ["-c", "import sys; print(sys.executable)"]);
  const timed = async (/** @type {string} */ command, /** @type {string[]} */ args) => {
    const began = performance.now();
    await runFile(command, args, { env });
    return performance.now() - began;
  };
  return {
    ...home,
    existing: (/** @type {string[]} */ ...args) => timed(python.trim(), [existing, ...args]),
    floor: (/** @type {string[]} */ ...args) => timed(process.execPath, [floor, ...args]),
    /** Runs the program, and tells how much memory it and the server had at most meanwhile. */
    async ours(/** @type {string[]} */ ...args) {
      await writeFile(`/proc/${pid}/clear_refs`, "5");
      const { ms, peak, stdout } = await home.measured(...BUILD, ...args);
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      return { ms, peak, stdout, server: Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]) / 1024 };
    },
    /** Waits until a job has ended, so that it takes no time of what is measured next. */
    ended: (/** @type {string} */ stdout) => home.tool(...BUILD, "--attach", jobOf(stdout), "--no-download"),
    /** Where the last run has its archive. */
    async archive() {
      const runs = join(home.scratch, "home/.nextstrain/aws-batch/runs");
      const records = (await readdir(runs)).filter((file) => /^[\w-]+\.json$/.test(file));
      const read = records.map(async (file) => JSON.parse(await readFile(join(runs, file), "utf8")));
      const latest = (await Promise.all(read)).toSorted((one, other) => other.createdAt - one.createdAt)[0];
      return latest.urls.workdir;
    },
    /** As on a computer that knows nothing of the runs. */
    forget: () => rm(join(home.scratch, "home/.nextstrain/aws-batch"), { recursive: true, force: true }),
  };
}

const jobOf = (/** @type {string} */ stdout) => /^AWS Batch Job ID: (\S+)$/m.exec(stdout)?.[1] ?? "";

/** An upload of large files, and a rebuild after a byte of one has changed. @param {Place} place */
async function largeUploads(place) {
  const first = await upload(place, `upload ${SIZE} MiB FASTA (4 files), first time`, LARGE_FILES, 3);
  const files = await filesIn(place.directory);
  const changed = files[1] ?? "";
  const bytes = (await stat(changed)).size;
  let round = 0;
  const rebuild = await compared(`rebuild, one of four ${SIZE / 4} MiB files changed in a byte`, 8, {
    existing: () => place.existing("upload", TARGET, place.directory),
    async ours() {
      const file = await open(changed, "r+");
      round += 1;
      await file.write(`${round}`, Math.floor(bytes / 2) + round);
      await file.close();
      const run = await place.ours("--detach", "--exec", "true", place.directory);
      await place.ended(run.stdout);
      return run;
    },
    floor: () => place.floor("put", TARGET, changed),
  });
  return [first, rebuild];
}

/** @param {Place} place @param {string} what @param {string} make @param {number} wanted */
async function upload(place, what, make, wanted) {
  await fresh(place.directory);
  await runFile("sh", ["-c", make], { cwd: place.directory });
  const files = await filesIn(place.directory);
  return compared(what, wanted, {
    existing: () => place.existing("upload", TARGET, place.directory),
    async ours() {
      await place.forget();
      const run = await place.ours("--detach", "--exec", "true", place.directory);
      await place.ended(run.stdout);
      return run;
    },
    floor: () => place.floor("put", TARGET, ...files),
  });
}

/** @param {Place} place @param {string} what @param {string} make @param {number} wanted */
async function download(place, what, make, wanted) {
  const { job, archive } = await build(place, make);
  return compared(what, wanted, {
    async existing() {
      await fresh(place.directory);
      return place.existing("download", archive, place.directory);
    },
    async ours() {
      await fresh(place.directory);
      await place.forget();
      const run = await place.ours("--no-logs", "--attach", job, place.directory);
      if ((await readdir(place.directory)).length < 4) throw new Error(run.stdout);
      return run;
    },
    floor: () => place.floor("get", archive),
  });
}

/** @param {Place} place */
async function again(place) {
  const { job, archive } = await build(place, SMALL_FILES);
  await place.tool(...BUILD, "--attach", job, place.directory);
  return compared(`attach again, nothing to bring, ${FILES} files, no local record`, 4, {
    existing: () => place.existing("download", archive, place.directory),
    async ours() {
      await place.forget();
      return place.ours("--no-logs", "--attach", job, place.directory);
    },
    floor: () => place.floor("read", place.directory),
  });
}

/** Runs a job that makes files beside an input. @param {Place} place @param {string} make */
async function build(place, make) {
  await fresh(place.directory);
  await writeFile(join(place.directory, "input.txt"), "in");
  const { stdout } = await place.ours("--detach", "--exec", "sh", place.directory, "-c", make);
  await place.ended(stdout);
  return { job: jobOf(stdout), archive: await place.archive() };
}

/**
 * @param {string} what
 * @param {number} wanted
 * @param {{ existing: () => Promise<number>, ours: () => ReturnType<Place["ours"]>, floor: () => Promise<number> }} ways
 */
async function compared(what, wanted, ways) {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push({ existing: await ways.existing(), ...(await ways.ours()), floor: await ways.floor() });
  }
  const ms = median(rounds.map((round) => round.ms));
  const before = median(rounds.map((round) => round.existing));
  const least = median(rounds.map((round) => round.floor));
  const peak = Math.max(...rounds.map((round) => round.peak));
  const server = Math.max(...rounds.map((round) => round.server));
  const seconds = (/** @type {number} */ time) => `${(time / 1000).toFixed(2)} s`;
  return (
    `${what}: ${(before / ms).toFixed(2)} times as fast as one request after another (wanted: ≥ ${wanted}); ` +
    `${seconds(ms)} to ${seconds(before)}; ${(ms / least).toFixed(1)} × the floor's ${seconds(least)}; ` +
    `peak ${peak.toFixed(0)} MiB, local AWS ${server.toFixed(0)} MiB (wanted: ≤ 200)`
  );
}

const TARGET = "s3://nextstrain-jobs/bench.zip";

/** @param {string} directory */
async function fresh(directory) {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
}

/** @param {string} directory */
async function filesIn(directory) {
  return (await readdir(directory)).sort().map((file) => join(directory, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await run()).join("\n"));
