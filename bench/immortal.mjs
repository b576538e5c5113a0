// What it costs a job to keep its work when it is stopped: the example workflow on local AWS with the script that jobs run in
// (checkpoints every 10 seconds, sixty times as often as by default), and without it, in turns. Limit: 1.02, median of the pairs.
import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, openHome } from "./tool.mjs";

export const name = "immortal";

const PAIRS = 7;
const EXAMPLE = fileURLToPath(new URL("../examples/outbreak", import.meta.url));
const WITH = { NEXTSTRAIN_AWS_BATCH_CHECKPOINTS: "0.166" };
const WITHOUT = { NEXTSTRAIN_AWS_BATCH_GRACEFUL_STOP: "off" };

/** @returns {Promise<string[]>} */
export async function run() {
  const place = await openHome();
  try {
    const ratios = [];
    const times = [];
    for (let pair = 0; pair < PAIRS; pair += 1) {
      // The one that comes first finds a colder machine.
      const order = pair % 2 === 0 ? [WITH, WITHOUT] : [WITHOUT, WITH];
      const took = new Map();
      for (const env of order) took.set(env, await timeOfJob(place, env));
      ratios.push(took.get(WITH) / took.get(WITHOUT));
      times.push(took.get(WITHOUT));
    }
    const all = ratios.map((ratio) => ratio.toFixed(3)).join(", ");
    return [
      `example workflow, ${(median(times) / 1_000).toFixed(1)} s without: ${median(ratios).toFixed(3)} × with (limit 1.02; ${all})`,
    ];
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
