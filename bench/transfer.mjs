// The transfer against plain requests, through a link of its own that caps rate and adds delay. NEXTSTRAIN_BENCH_MIB makes the
// 512 MiB smaller where time is short.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { bundle } from "./bundle.mjs";
import { startLink } from "./link-proxy.mjs";
import { median } from "./tool.mjs";

export const name = "transfer";

const root = fileURLToPath(new URL("..", import.meta.url));
const runFile = promisify(execFile);
const MIB = 1024 * 1024;
const SIZE = Number(process.env.NEXTSTRAIN_BENCH_MIB ?? 512);
const SLOW = { mbitPerSecond: 100, roundTripMs: 30 };
const PAIRS = 11;
const FAST = { mbitPerSecond: 1000, roundTripMs: 1 };

/** @returns {Promise<string[]>} */
export async function run() {
  const scratch = await mkdtemp(join(tmpdir(), "nextstrain-bench-"));
  const home = join(scratch, "home");
  await mkdir(home);
  const env = { PATH: process.env.PATH, HOME: home, NEXTSTRAIN_HOME: join(home, ".nextstrain") };
  const tool = (/** @type {string[]} */ ...args) =>
    runFile(process.execPath, [join(root, "bin/nextstrain.js"), ...args], { env });
  try {
    await tool("local-aws", "start");
    const exported = (await tool("local-aws", "env")).stdout;
    const port = Number(/AWS_ENDPOINT_URL=["']?http:\/\/[^:]+:(\d+)/.exec(exported)?.[1]);
    const worker = await bundle("bench/transfer-worker.ts");
    return await measure({ scratch, home, port, worker });
  } finally {
    await tool("local-aws", "stop").catch(() => {});
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * @typedef {{ scratch: string, home: string, port: number, worker: string }} Place
 * @typedef {{ mbitPerSecond?: number, roundTripMs?: number }} Speed
 */

/** @param {Place} place @param {Speed} speed @param {object} task @returns {Promise<any>} */
async function work({ home, port, worker }, speed, task) {
  const link = await startLink({ port, ...speed });
  try {
    const argument = JSON.stringify({ home, port: link.port, ...task });
    const { stdout } = await runFile(process.execPath, [worker, argument]);
    const { up, down } = await link.bytes();
    return { ...JSON.parse(stdout), up, down };
  } finally {
    link.stop();
  }
}

/** @param {Place} place */
async function measure(place) {
  const lines = [
    ...(await uploads(place)),
    ...(await smallFiles(place)),
    ...(await rebuilds(place)),
    ...(await notes(place)),
    ...(await downloads(place)),
  ];
  return lines;
}

/** @param {string} what @param {number} value @param {string} wanted @param {string} [more] */
function line(what, value, wanted, more = "") {
  return `${what}: ${value.toFixed(2)} (wanted: ${wanted})${more && `; ${more}`}`;
}

/** @param {Place} place */
async function uploads(place) {
  const fasta = join(place.scratch, "fasta");
  const noise = join(place.scratch, "noise");
  await mkdir(fasta);
  await mkdir(noise);
  for (let file = 0; file < 4; file++) {
    await writeFile(join(fasta, `${file}.fasta`), fastaOf((SIZE / 4) * MIB));
    await writeFile(join(noise, `${file}.bin`), randomBytes((SIZE / 4) * MIB));
  }
  /** @type {(speed: Speed, directory: string) => Promise<[number, any]>} */
  const ratio = async (speed, directory) => {
    const put = await work(place, speed, { act: "put", directory });
    // A record of the run before would spare the upload.
    await rm(join(place.home, ".nextstrain/aws-batch"), { recursive: true, force: true });
    const ours = await work(place, speed, { act: "ship", directory });
    return [put.ms / ours.ms, ours];
  };
  const lines = [];
  for (const [label, speed, directory, wanted] of /** @type {[string, Speed, string, string][]} */ ([
    ["FASTA, 100 Mbit/s, 30 ms", SLOW, fasta, "≥ 2.6"],
    ["FASTA, 1 Gbit/s", FAST, fasta, "≥ 1.2"],
    ["FASTA, loopback", {}, fasta, "≥ 0.5"],
    ["noise, 100 Mbit/s, 30 ms", SLOW, noise, "≥ 0.95"],
    ["noise, loopback", {}, noise, "≥ 0.5"],
  ])) {
    const [value, { peakMib, ms }] = await ratio(speed, directory);
    const more = `${(ms / 1000).toFixed(1)} s, peak ${peakMib.toFixed(0)} MiB (wanted: ≤ 200)`;
    lines.push(line(`upload, ${SIZE} MiB of ${label}: times as fast as one PUT`, value, wanted, more));
  }
  await rm(fasta, { recursive: true });
  await rm(noise, { recursive: true });
  return lines;
}

/** @param {Place} place */
async function smallFiles(place) {
  const directory = join(place.scratch, "small");
  await mkdir(directory);
  const text = fastaOf(20_000 * 4096);
  for (let file = 0; file < 20_000; file++) {
    await writeFile(join(directory, `${file}.fasta`), text.subarray(file * 4096, (file + 1) * 4096));
  }
  const plain = await work(place, {}, { act: "read-and-put", directory });
  const ours = await work(place, {}, { act: "ship", directory });
  let requests = 0;
  const pairs = [];
  // Both take a tenth of a second, so that one pair tells little.
  for (let pair = 0; pair < PAIRS; pair++) {
    const nothing = await work(place, {}, { act: "download", directory, runId: ours.runId });
    const lstat = await work(place, {}, { act: "lstat", directory });
    requests = Math.max(requests, nothing.requests);
    pairs.push(nothing.ms / lstat.ms);
  }
  const bytes = 20_000 * 4096;
  const again = await work(place, {}, { act: "ship", directory });
  for (let file = 0; file < 200; file++) {
    const path = join(directory, `${file * 100}.fasta`);
    const content = await readFile(path);
    content.fill("N", 100, 141);
    await writeFile(path, content);
  }
  const edited = await work(place, {}, { act: "ship", directory });
  await rm(directory, { recursive: true });
  const peak = `peak ${ours.peakMib.toFixed(0)} MiB (wanted: ≤ 200)`;
  return [
    line("upload, 20,000 files of 4 KiB: times reading them plus one PUT", ours.ms / plain.ms, "≤ 2", peak),
    line("rebuild, 20,000 files, nothing changed: part of the bytes sent", again.up / bytes, "≤ 0.07"),
    line(
      "rebuild, 1 % of the bytes of 1 % of 20,000 files: bytes sent to 2 % of all + 200 a file",
      edited.up / (0.02 * bytes + 200 * 20_000),
      "≤ 1",
    ),
    line("download, 20,000 files, nothing changed: requests", requests, "≤ 3"),
    line(
      "download, 20,000 files, nothing changed: times lstat of them all",
      median(pairs),
      "≤ 2",
      `median of ${PAIRS} pairs, ${Math.min(...pairs).toFixed(2)} to ${Math.max(...pairs).toFixed(2)}`,
    ),
  ];
}

/** @param {Place} place */
async function rebuilds(place) {
  const directory = join(place.scratch, "large");
  await mkdir(directory);
  for (let file = 0; file < 5; file++)
    await writeFile(join(directory, `${file}.bin`), randomBytes(100 * MIB));
  await work(place, {}, { act: "ship", directory });
  const again = await work(place, {}, { act: "ship", directory });
  await rm(directory, { recursive: true });
  return [
    line("rebuild, 5 files of 100 MiB, nothing changed: KiB sent", again.up / 1024, "≤ 64"),
    line("rebuild, 5 files of 100 MiB, nothing changed: requests", again.requests, "≤ 20"),
  ];
}

/** What Snakemake's notes on 20,000 results add to a rebuild in which nothing changed. @param {Place} place */
async function notes(place) {
  const count = 20_000;
  const [without, with_] = [join(place.scratch, "without-notes"), join(place.scratch, "with-notes")];
  const size = Math.floor((SIZE * MIB) / count);
  const text = fastaOf(count * size);
  for (const directory of [without, with_]) {
    await mkdir(join(directory, ".snakemake/metadata"), { recursive: true });
    for (let file = 0; file < count; file++) {
      const name = `results/${file}.fasta`;
      await mkdir(join(directory, "results"), { recursive: true });
      await writeFile(join(directory, name), text.subarray(file * size, (file + 1) * size));
      if (directory === without) continue;
      const note = {
        rule: "make",
        code: "cp {input} {output}",
        input: [`data/${file}.fasta`],
        log: [],
        params: [`${file}`],
      };
      const encoded = Buffer.from(name).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
      await writeFile(join(directory, ".snakemake/metadata", encoded), JSON.stringify(note));
    }
    await work(place, {}, { act: "ship", directory });
  }
  const ratios = [];
  let bytes = 0;
  for (let pair = 0; pair < PAIRS; pair++) {
    const plain = await work(place, {}, { act: "ship", directory: without });
    const noted = await work(place, {}, { act: "ship", directory: with_ });
    ratios.push(noted.ms / plain.ms);
    bytes = noted.up - plain.up;
  }
  await rm(without, { recursive: true });
  await rm(with_, { recursive: true });
  return [
    line(
      `shipping alone, ${SIZE} MiB in 20,000 results, nothing changed: times with Snakemake's notes to without`,
      median(ratios),
      "≤ 1.1 of the whole rebuild",
      `median of ${PAIRS} pairs, ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    ),
    line("what the notes add, in percent of all bytes", (100 * bytes) / (SIZE * MIB), "≤ 2"),
  ];
}

/** @param {Place} place */
async function downloads(place) {
  const directory = join(place.scratch, "results");
  await mkdir(directory);
  const path = join(directory, "result.bin");
  for (let file = 0; file < 20_000; file++) await writeFile(join(directory, `${file}.txt`), `${file}\n`);
  await writeFile(path, randomBytes(100 * MIB));
  const old = new Date(Date.now() - 3_600_000);
  await utimes(path, old, old);
  const { runId } = await work(place, {}, { act: "ship", directory });
  // As if the job had made it: the record knows nothing of it, and it isn't here.
  await rm(path);
  const record = join(place.home, `.nextstrain/aws-batch/runs/${runId}.files.json.gz`);
  const files = JSON.parse(gunzipSync(await readFile(record)).toString());
  files.uploaded = files.uploaded.filter(
    (/** @type {{ path: string }} */ file) => file.path !== "result.bin",
  );
  await writeFile(record, gzipSync(JSON.stringify(files)));
  const key = `${runId}.zip`;
  const get = await work(place, SLOW, { act: "get", directory, key, range: `bytes=0-${100 * MIB - 1}` });
  const ours = await work(place, SLOW, { act: "download", directory, runId });
  const there = await readFile(path).then(
    ({ length }) => length === 100 * MIB,
    () => false,
  );
  await rm(directory, { recursive: true });
  if (!there) return ["download, one result of 100 MiB among 20,000 files: not brought back"];
  return [
    line(
      "download, one result of 100 MiB among 20,000 files, 100 Mbit/s, 30 ms: times as fast as one GET",
      get.ms / ours.ms,
      "≥ 0.9",
      `peak ${ours.peakMib.toFixed(0)} MiB (wanted: ≤ 200)`,
    ),
  ];
}

/** Random sequences under headers. @param {number} size */
function fastaOf(size) {
  const result = Buffer.alloc(size);
  const bases = Buffer.from("ACGT");
  for (let at = 0, number = 0; at < size; number++) {
    at += result.write(`>sequence_${number}\n`, at, "latin1");
    const random = randomBytes(Math.min(10_000, Math.max(0, size - at)));
    for (let index = 0; index < random.length && at < size; index++, at++) {
      result[at] = index % 81 === 80 ? 10 : (bases[(random[index] ?? 0) & 3] ?? 0);
    }
    if (at < size) result[at++] = 10;
  }
  return result;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await run()).join("\n"));
