// The start-up of the single executable (`--version`) against that of the Node in it (`node -e 0`). Fails above 3 times that.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fetchNode } from "./executable-node.mjs";
import { projectDirectory } from "./program.mjs";

const ROUNDS = 21;
const LIMIT = 3;

/**
 * @param {string} command
 * @param {string[]} args
 */
function time(command, args) {
  const start = performance.now();
  execFileSync(command, args, { stdio: "ignore" });
  return performance.now() - start;
}

/** @param {number[]} times */
const median = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;

const node = join(await fetchNode(), "bin", "node");
const executable = join(projectDirectory, "executable", "nextstrain");
/** @type {number[]} */
const ofNode = [];
/** @type {number[]} */
const ofExecutable = [];
// In turns, so that what else the computer does falls on both.
for (let round = 0; round < ROUNDS; round += 1) {
  ofNode.push(time(node, ["-e", "0"]));
  ofExecutable.push(time(executable, ["--version"]));
}
const [bare, whole] = [median(ofNode), median(ofExecutable)];
const ratio = whole / bare;
console.log(
  `nextstrain --version: ${whole.toFixed(0)} ms, ${ratio.toFixed(2)} × its Node (limit ${LIMIT}, median of ${ROUNDS})`,
);
process.exitCode = ratio <= LIMIT ? 0 : 1;
