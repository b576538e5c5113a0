// What it costs a job to keep its work when it is stopped: the example workflow on local AWS without the script that jobs run in, with
// it as by default, and with a checkpoint every 10 seconds, sixty times as often as by default, in turns. Medians of the rounds.
import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, openHome } from "./tool.mjs";

export const name = "immortal";

const ROUNDS = Number(process.env.NEXTSTRAIN_BENCH_ROUNDS ?? 5);
const EXAMPLE = fileURLToPath(new URL("../examples/outbreak", import.meta.url));
const WITHOUT = { NEXTSTRAIN_AWS_BATCH_GRACEFUL_STOP: "off" };
const DEFAULT = {};
const OFTEN = { NEXTSTRAIN_AWS_BATCH_CHECKPOINTS: "0.166" };

/** @returns {Promise<string[]>} */
export async function run() {
  const place = await openHome();
  try {
    const ways = [WITHOUT, DEFAULT, OFTEN];
    const times = new Map(ways.map((way) => [way, /** @type {number[]} */ ([])]));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const way of ways) times.get(way)?.push(await timeOfJob(place, way));
      // The one that comes first finds a colder machine.
      ways.push(...ways.splice(0, 1));
    }
    const bare = times.get(WITHOUT) ?? [];
    const line = (/** @type {string} */ what, /** @type {object} */ way) => {
      const ratios = (times.get(way) ?? []).map((time, round) => time / (bare[round] ?? Number.NaN));
      return `example workflow, ${what}: ${median(ratios).toFixed(3)} × the ${(median(bare) / 1_000).toFixed(1)} s without (${ratios.map((ratio) => ratio.toFixed(3)).join(", ")})`;
    };
    return [line("by default (limit 1.02)", DEFAULT), line("a checkpoint every 10 s", OFTEN)];
  } finally {
    await place.close();
  }
}

/** Milliseconds from its start to its end, by AWS Batch. @returns {Promise<number>} */
async function timeOfJob(
  /** @type {Awaited<ReturnType<typeof openHome>>} */ place,
  /** @type {Record<string, string>} */ env,
) {
  const directory = join(place.directory, "outbreak");
  const info = join(place.directory, "job.json");
  await cp(EXAMPLE, directory, { recursive: true });
  Object.assign(place.env, env);
  await place.tool("build", "--aws-batch", "--local-aws", "--job-info", info, directory, "--cores=2");
  for (const key of Object.keys(env)) delete place.env[key];
  await rm(directory, { recursive: true });
  const { status, startedAt, stoppedAt } = JSON.parse(await readFile(info, "utf8"));
  if (status !== "SUCCEEDED") throw new Error(`the job is ${status}`);
  return Date.parse(stoppedAt) - Date.parse(startedAt);
}
