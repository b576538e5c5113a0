// Protects `nextstrain jobs report`: a page about a job that has ended, one that runs, and one that AWS Batch has forgotten.
import { execFileSync } from "node:child_process";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { factsOf } from "../../src/runtimes/aws-batch/jobs/known-job.ts";
import { reportPage } from "../../src/runtimes/aws-batch/jobs/report-page.ts";
import type { TimedRule } from "../../src/workflow/snakemake-timeline.ts";
import { have } from "../support/have.ts";
import { numberedRun, recordOf } from "../support/records.ts";
import { tempDir } from "../support/temp-dir.ts";
import { workplace } from "../support/workplace.ts";

const SNAKEMAKE = [
  "rule align:\n    jobid: 1\n    wildcards: i=1\n    threads: 2\n",
  "rule tree:\n    jobid: 2\n",
  "Finished job 1.\n1 of 2 steps (50%) done",
  "Error in rule tree:\n    jobid: 2\n",
];

test.skipIf(!(have("zip") && have("unzip")))("a page is written (needs zip and unzip)", async () => {
  await using place = await workplace();
  await place.write("Snakefile", "");
  const go = join(place.flags, "go");
  const print = SNAKEMAKE.map((text) => `printf '%s\\n' '${text}'; sleep 0.2`).join("; ");
  await place.build(`${print}; until [ -e '${go}' ]; do sleep 0.1; done; exit 1`, "--detach");
  const watching = place.start("jobs", "logs", "-f");
  await watching.seen(/Error in rule tree/);
  const file = join(place.home, "report.html");
  const early = await place.run("jobs", "report", "--output", file);
  expect([early.stderr, early.exitStatus]).toEqual(["", 0]);
  const running = await readFile(file, "utf8");
  expect(running).toContain('<span class="RUNNING">RUNNING</span>');
  await writeFile(go, "");
  await watching.ended;
  const result = await place.run("jobs", "report", "last", "--output", file);
  expect(result.stdout).toMatch(/^Report of job \w{8}: .*report\.html\n$/);
  const page = await readFile(file, "utf8");
  expect(page).toContain('<span class="FAILED">FAILED</span>');
  expect(page).toMatch(/<title>align \(i=1\): \d+s<\/title>/);
  expect(page).toMatch(/<title>tree: \d+s, failed<\/title>/);
  expect(page).toContain("Why the job failed: The rule tree of the workflow failed.");
  expect(page).toMatch(/packed \d+s/);
  const bad = await place.run("jobs", "report", "--output", join(place.home, "absent", "report.html"));
  expect([bad.stdout, bad.exitStatus]).toEqual(["", 1]);
  expect(bad.stderr).toMatch(/can't be written \(ENOENT\)/);
});

/** A run of so many Snakemake jobs on eight cores. */
function manyRules(count: number, start: number): TimedRule[] {
  return Array.from({ length: count }, (_, number) => {
    const startedAt = start + Math.floor(number / 8) * 2_000 + (number % 8) * 100;
    const rule = ["align", "tree", "refine", "ancestral", "traits", "export"][number % 6] ?? "";
    const times = {
      startedAt,
      endedAt: startedAt + 500 + ((number * 7_919) % 1_400),
      failed: number % 997 === 5,
    };
    return { rule, job: String(number), wildcards: `build=${number}`, threads: 1, ...times };
  });
}

test.skipIf(!have("chromium"))(
  "a browser shows 10,000 jobs, in the light, in the dark, on a phone and in print (needs chromium)",
  async () => {
    await using temporary = await tempDir();
    const start = Date.UTC(2026, 10, 30);
    const record = recordOf(numberedRun(1), {
      createdAt: start,
      startedAt: start + 60_000,
      endedAt: start + 2_700_000,
    });
    const facts = factsOf({ runId: record.runId, jobId: record.jobId, record });
    const rules = manyRules(10_000, start + 60_000);
    const page = reportPage({
      facts,
      rules,
      packedFrom: start + 2_600_000,
      why: [],
      withoutLog: undefined,
      now: start + 3_000_000,
    });
    const file = join(temporary.path, "report.html");
    await writeFile(file, page);
    const output = fileURLToPath(new URL("../output", import.meta.url));
    await mkdir(output, { recursive: true });
    const pictures: Record<string, string[]> = {
      "report-light.png": ["--window-size=1200,1400", "--screenshot"],
      "report-dark.png": [
        "--window-size=1200,1400",
        "--blink-settings=preferredColorScheme=0",
        "--screenshot",
      ],
      "report-phone.png": ["--window-size=500,1400", "--screenshot"],
      "report-print.pdf": ["--print-to-pdf"],
    };
    for (const [name, options] of Object.entries(pictures)) {
      const target = join(output, name);
      await rm(target, { force: true });
      const [how = "", ...rest] = options.toReversed();
      const common = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        `--user-data-dir=${join(temporary.path, "profile")}`,
      ];
      execFileSync("chromium", [...common, ...rest, `${how}=${target}`, `file://${file}`], {
        stdio: "ignore",
      });
      expect((await stat(target)).size, name).toBeGreaterThan(20_000);
    }
  },
);
