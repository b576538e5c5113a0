// Selecting 100,000 small files against a plain synchronous readdir-and-lstat walk of them, each in processes of its own.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { median } from "./tool.mjs";

export const name = "selection";

const DIRECTORIES = 1_000;
const FILES_EACH = 100;
const ROUNDS = 7;

/** @returns {Promise<string[]>} */
export async function run() {
  const worker = await bundle("bench/selection-worker.ts");
  const scratch = mkdtempSync(join(tmpdir(), "nextstrain-bench-"));
  try {
    for (let d = 0; d < DIRECTORIES; d += 1) {
      const directory = join(scratch, `directory-${d}`);
      mkdirSync(directory);
      for (let f = 0; f < FILES_EACH; f += 1) writeFileSync(join(directory, `file-${f}.txt`), "x");
    }
    /** @type {(how: string) => { milliseconds: number, peakMib: number }} */
    const walk = (how) =>
      JSON.parse(execFileSync(process.execPath, [worker, how, scratch], { encoding: "utf8" }));
    walk("plain");
    const rounds = Array.from({ length: ROUNDS }, () => ({ plain: walk("plain"), ours: walk("ours") }));
    const plain = median(rounds.map((round) => round.plain.milliseconds));
    const ours = median(rounds.map((round) => round.ours.milliseconds));
    const peak = Math.max(...rounds.map((round) => round.ours.peakMib));
    return [
      `${DIRECTORIES * FILES_EACH} files: ${(ours / plain).toFixed(2)}× a plain walk (${ours.toFixed(0)} ms, ${plain.toFixed(0)} ms; at most 2×)`,
      `peak memory ${peak.toFixed(0)} MiB (at most 250)`,
    ];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
