// Writes the report of a synthetic log of Snakemake's to the file named. Prints its size in bytes, and how long reading the log and making the page took.
import { writeFileSync } from "node:fs";
import { factsOf } from "../src/runtimes/aws-batch/jobs/known-job.ts";
import { reportPage } from "../src/runtimes/aws-batch/jobs/report-page.ts";
import { createTimelineReader } from "../src/workflow/snakemake-timeline.ts";

const [file = "", count = "0"] = process.argv.slice(2);
const START = Date.UTC(2026, 10, 30);
const CORES = 8;
const RULES = ["align", "tree", "refine", "ancestral", "traits", "export"];

/** When each line was written, and what it says: `CORES` jobs run beside each other, about a second each. */
function* linesOf(jobs: number): Generator<readonly [time: number, line: string]> {
  for (let first = 0; first < jobs; first += CORES) {
    const began = START + first * 250;
    const numbers = Array.from({ length: Math.min(CORES, jobs - first) }, (_, index) => first + index);
    for (const number of numbers) {
      const rule = RULES[number % RULES.length];
      for (const line of [
        ...["", `[Mon Nov 30 00:00:00 2026]`, `rule ${rule}:`],
        ...[`    input: results/${number}/input.fasta`, `    output: results/${number}/${rule}.json`],
        ...[`    jobid: ${number}`, "    reason: Missing output files"],
        ...[
          `    wildcards: build=north-america-${number}`,
          "    threads: 1",
          "    resources: tmpdir=/tmp",
          "",
        ],
      ])
        yield [began + (number % CORES) * 10, line];
    }
    for (const number of numbers) {
      const ended = began + 500 + ((number * 7_919) % 1_400);
      if (number % 997 === 5) {
        yield [ended, `Error in rule ${RULES[number % RULES.length]}:`];
        yield [ended, `    jobid: ${number}`];
        yield [ended, ""];
      } else yield [ended, `Finished jobid: ${number} (Rule: ${RULES[number % RULES.length]})`];
    }
  }
}

const lines = [...linesOf(Number(count))];
const before = performance.now();
const timeline = createTimelineReader();
for (const [time, line] of lines) timeline.push(line, time);
const last = lines.at(-1)?.[0] ?? START;
const facts = {
  ...factsOf({ runId: undefined, jobId: undefined }),
  ...{ status: "SUCCEEDED" as const, directory: "/data/ncov", createdAt: START - 60_000, startedAt: START },
  stoppedAt: last + 60_000,
};
const rules = timeline.rules();
const page = reportPage({
  ...{ facts, rules, packedFrom: last, why: [], withoutLog: undefined, now: last + 60_000 },
});
const milliseconds = performance.now() - before;
writeFileSync(file, page);
console.log(JSON.stringify({ rules: rules.length, bytes: Buffer.byteLength(page), milliseconds }));
