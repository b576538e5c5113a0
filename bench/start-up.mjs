// Start-up against a bare Node in the same run. Limits: --version 2, build --help 3.
import { median, program, timeNode } from "./tool.mjs";

export const name = "start-up";

const ROUNDS = 15;
const COMMANDS = {
  "node -e 0": ["-e", "0"],
  "nextstrain --version": [program, "--version"],
  "nextstrain build --help": [program, "build", "--help"],
};

/** @returns {Promise<string[]>} */
export async function run() {
  /** @type {Record<string, number[]>} */
  const times = {};
  // In turns, so that what else the computer does falls on all of them.
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [label, args] of Object.entries(COMMANDS)) {
      times[label] ??= [];
      times[label].push(timeNode(args));
    }
  }
  const bare = median(times["node -e 0"] ?? []);
  return Object.entries(times).map(([label, all]) => {
    const time = median(all);
    return `${label}: ${time.toFixed(0)} ms, ${(time / bare).toFixed(2)} × a bare node (median of ${ROUNDS})`;
  });
}
