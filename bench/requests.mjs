// Requests of a small build (limit: 15), and the time that a build takes besides its job: against what the program takes
// to start and the job to run, in the same run.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { countOf, median, openHome, program, timeNode } from "./tool.mjs";

export const name = "requests";

const ROUNDS = 5;
/** The job itself asks for its archive and stores it. */
const BY_THE_JOB = 2;

/** @returns {Promise<string[]>} */
export async function run() {
  const place = await openHome();
  try {
    await writeFile(join(place.directory, "input.txt"), "in");
    const args = ["build", "--aws-batch", "--local-aws", "--exec", "sh", place.directory];
    const script = ["-c", "cat input.txt > output.txt"];
    await place.tool(...args, ...script);
    const before = countOf(await place.status());
    const walls = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const began = performance.now();
      await place.tool(...args, ...script);
      walls.push(performance.now() - began);
    }
    const requests = (countOf(await place.status()) - before) / ROUNDS - BY_THE_JOB;
    const wall = median(walls);
    const help = median(Array.from({ length: ROUNDS }, () => timeNode([program, "build", "--help"])));
    return [
      `a small build: ${requests.toFixed(1)} requests`,
      `a small build: ${wall.toFixed(0)} ms, its job among it; ${(wall / help).toFixed(1)} × build --help`,
    ];
  } finally {
    await place.close();
  }
}
