// A log of 100,000 lines: written in a burst and watched meanwhile, then read once more by a watch of the ended job and, page by
// page, by the `aws` command. Limits: not slower than that, peak memory of 150 MiB. Then how long a line takes to the terminal while
// lines come (limit: 1.5 s, median), and what watching a job that says nothing costs (limit: 1,500 requests an hour). Linux only (/proc).
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { countOf, median, openHome } from "./tool.mjs";

export const name = "watch";

const LINES = 100_000;
const ROUNDS = 3;
/** @typedef {Awaited<ReturnType<typeof openHome>>} Place */

const runFile = promisify(execFile);
const maxBuffer = 1 << 28;

/** @returns {Promise<string[]>} */
export async function run() {
  const place = await openHome();
  try {
    await writeFile(join(place.directory, "input.txt"), "in");
    const build = ["build", "--aws-batch", "--local-aws"];
    const burst = ["--exec", "sh", place.directory, "-c", `seq -f 'burst %.0f' 1 ${LINES}`];
    const peaks = [];
    let id = "";
    for (let round = 0; round < ROUNDS; round += 1) {
      const { stdout, peak } = await place.measured(...build, ...burst);
      check(stdout);
      id = /^AWS Batch Job ID: (\S+)$/m.exec(stdout)?.[1] ?? "";
      peaks.push(peak);
    }
    const ours = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const began = performance.now();
      const { stdout, peak } = await place.measured(...build, "--attach", id, "--no-download");
      ours.push(performance.now() - began);
      check(stdout);
      peaks.push(peak);
    }
    const time = median(ours);
    const waits = [
      await delayOfLines(place, 500),
      await delayOfLines(place, 3_000),
      await idleRequests(place),
    ];
    const peak = `${LINES} lines: peak ${Math.max(...peaks).toFixed(0)} MiB (${peaks.map((each) => each.toFixed(0)).join(", ")})`;
    const env = { ...process.env, ...readExports(await place.tool("local-aws", "env")), AWS_PAGER: "" };
    const version = await versionOf(env);
    if (version === undefined)
      return [peak, `${LINES} lines: ${time.toFixed(0)} ms; no aws command to compare with`, ...waits];
    const stream = await streamOf(env, id);
    const began = performance.now();
    const pages = await readByCommand(env, stream);
    const theirs = performance.now() - began;
    return [
      peak,
      `${LINES} lines: ${time.toFixed(0)} ms, ${(time / theirs).toFixed(2)} × the ${theirs.toFixed(0)} ms of ${pages} × aws logs get-log-events (${version}), each a start of the command`,
      ...waits,
    ];
  } finally {
    await place.close();
  }
}

const CHATTER = 15_000;
const IDLE = { from: 30, until: 75 };

/** Lines that say when they were written. @returns {Promise<string>} */
async function delayOfLines(/** @type {Place} */ place, /** @type {number} */ every) {
  const count = Math.round(CHATTER / every);
  const script = `for i in $(seq ${count}); do echo "written $(date +%s%N)"; sleep ${every / 1_000}; done`;
  /** @type {number[]} */
  const delays = [];
  await place.watched(
    ["build", "--aws-batch", "--local-aws", "--exec", "bash", place.directory, "-c", script],
    (text) => {
      for (const [, time] of text.matchAll(/\] written (\d+)$/gm))
        delays.push(Date.now() - Number(time) / 1e6);
    },
  );
  if (delays.length !== count) throw new Error(`${delays.length} of ${count} lines`);
  return `a line every ${every} ms: on standard output after ${median(delays).toFixed(0)} ms (median), ${Math.max(...delays).toFixed(0)} ms at most`;
}

/** Requests while a job says nothing, counted over a part of it and reckoned up. @returns {Promise<string>} */
async function idleRequests(/** @type {Place} */ place) {
  /** @type {Promise<number>[]} */
  const counts = [];
  const script = `sleep ${IDLE.until + 5}`;
  const count = async () => countOf(await place.status());
  await place.watched(
    ["build", "--aws-batch", "--local-aws", "--exec", "sh", place.directory, "-c", script],
    (text) => {
      if (counts.length > 0 || !/\+ env --chdir/.test(text)) return;
      for (const seconds of [IDLE.from, IDLE.until]) counts.push(sleep(seconds * 1_000).then(count));
    },
  );
  const [before = Number.NaN, after = Number.NaN] = await Promise.all(counts);
  const requests = after - before;
  const seconds = IDLE.until - IDLE.from;
  return `a job that says nothing: ${requests} requests in ${seconds} s, ${Math.round((requests / seconds) * 3_600)} in an hour`;
}

/** Throws where lines are missing, or not in order. */
function check(/** @type {string} */ text) {
  let expected = 1;
  for (const [, number] of text.matchAll(/^\[batch\] \[[^\]]*\] burst (\d+)$/gm)) {
    if (Number(number) !== expected) throw new Error(`line ${number} where ${expected} should be`);
    expected += 1;
  }
  if (expected !== LINES + 1) throw new Error(`the log ends at line ${expected - 1}`);
}

/** @returns {Record<string, string>} */
function readExports(/** @type {string} */ script) {
  const found = script.matchAll(/^export (AWS_\w+)='?([^'\n]*)'?;?$/gm);
  return Object.fromEntries([...found].map(([, key = "", value = ""]) => [key, value]));
}

/** @returns {Promise<any>} */
async function aws(/** @type {NodeJS.ProcessEnv} */ env, /** @type {string[]} */ ...args) {
  // Older ones don't read AWS_ENDPOINT_URL.
  const endpoint = ["--endpoint-url", env.AWS_ENDPOINT_URL ?? ""];
  const { stdout } = await runFile("aws", [...args, ...endpoint, "--output", "json"], { env, maxBuffer });
  return JSON.parse(stdout);
}

/** @returns {Promise<string | undefined>} */
async function versionOf(/** @type {NodeJS.ProcessEnv} */ env) {
  return runFile("aws", ["--version"], { env }).then(
    ({ stdout }) => stdout.split(" ")[0],
    () => undefined,
  );
}

/** @returns {Promise<string>} */
async function streamOf(/** @type {NodeJS.ProcessEnv} */ env, /** @type {string} */ id) {
  const { jobs } = await aws(env, "batch", "describe-jobs", "--jobs", id);
  return jobs[0].container.logStreamName;
}

/** Pages as the command's help has it: with the token of the last answer, until it comes back. @returns {Promise<number>} */
async function readByCommand(/** @type {NodeJS.ProcessEnv} */ env, /** @type {string} */ stream) {
  const where = ["--log-group-name", "/aws/batch/job", "--log-stream-name", stream, "--start-from-head"];
  let [token, seen, pages] = ["", 0, 0];
  for (;;) {
    const next = token === "" ? [] : ["--next-token", token];
    const { events, nextForwardToken } = await aws(env, "logs", "get-log-events", ...where, ...next);
    pages += 1;
    seen += events.filter((/** @type {{ message: string }} */ { message }) =>
      message.startsWith("burst "),
    ).length;
    if (nextForwardToken === token) break;
    token = nextForwardToken;
  }
  if (seen !== LINES) throw new Error(`aws logs get-log-events gave ${seen} lines`);
  return pages;
}
