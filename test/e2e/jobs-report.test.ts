// Protects `nextstrain jobs report`: a page about a job that has ended, one that runs, and one that AWS Batch has forgotten.
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { factsOf } from "../../src/runtimes/aws-batch/jobs/known-job.ts";
import { reportPage } from "../../src/runtimes/aws-batch/jobs/report-page.ts";
import type { TimedRule } from "../../src/workflow/snakemake-timeline.ts";
import { have } from "../support/have.ts";
import { breaches } from "../support/json-schema.ts";
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
  expect(page).toMatch(/data-label="align \(i=1\): \d+s"/);
  expect(page).toMatch(/data-label="tree: \d+s, failed"/);
  expect(page).toContain("Why the job failed: The rule tree of the workflow failed.");
  expect(page).toMatch(/packed \d+s/);
  const bad = await place.run("jobs", "report", "--output", join(place.home, "absent", "report.html"));
  expect([bad.stdout, bad.exitStatus]).toEqual(["", 1]);
  expect(bad.stderr).toMatch(/can't be written \(ENOENT\)/);
});

test.skipIf(!(have("zip") && have("unzip")))("its data come as JSON (needs zip and unzip)", async () => {
  await using place = await workplace();
  await place.write("Snakefile", "");
  const print = SNAKEMAKE.map((text) => `printf '%s\\n' '${text}'`).join("; ");
  await place.build(`${print}; exit 1`);
  const { stdout, stderr, exitStatus } = await place.run("jobs", "report", "--json");
  expect([stderr, exitStatus]).toEqual(["", 0]);
  const report = JSON.parse(stdout);
  expect(breaches(report, "report")).toEqual([]);
  expect(report).toMatchObject({
    ...{ version: 1, withoutLog: null, job: { status: "FAILED", failedRules: ["tree"] } },
    rules: [
      { rule: "align", job: "1", wildcards: "i=1", threads: 2, failed: false, endedAt: expect.any(String) },
      { rule: "tree", job: "2", failed: true },
    ],
  });
  expect(report.states.map(({ name }: { name: string }) => name)).toEqual(["waited", "ran", "packed"]);
  expect((await readdir(place.home)).filter((name) => name.endsWith(".html"))).toEqual([]);
  const both = await place.run("jobs", "report", "--json", "--watch");
  expect([both.exitStatus, both.stdout]).toEqual([2, ""]);
});

test.skipIf(!(have("zip") && have("unzip")))(
  "--watch rewrites the page until the job has ended, and a reader never sees half of one (needs zip and unzip)",
  async () => {
    await using place = await workplace();
    await place.write("Snakefile", "");
    const [go, end] = [join(place.flags, "go"), join(place.flags, "end")];
    const [first = "", second = "", ...rest] = SNAKEMAKE.map((text) => `printf '%s\\n' '${text}'`);
    const wait = (flag: string) => `until [ -e '${flag}' ]; do sleep 0.1; done`;
    await place.build(
      [first, wait(go), second, ...rest, wait(end), "exit 1"].join("; "),
      ...["--detach", "--aws-batch-cpus", "1"],
    );
    const file = join(place.home, "report.html");
    const REFRESH = '<meta http-equiv="refresh" content="10">';
    const watch = place.start("jobs", "report", "--watch", "--output", file);
    await watch.seen(/^Report of job \w{8}, rewritten until the job has ended: .*report\.html$/m);
    const pages = new Set<string>();
    const page = async () => {
      const text = await readFile(file, "utf8");
      pages.add(text);
      return text;
    };
    await expect.poll(page, { timeout: 60_000 }).toMatch(/data-label="align \(i=1\)/);
    expect(await page()).toContain(REFRESH);
    const leaving = place.start("jobs", "report", "--watch", "--output", join(place.home, "left.html"));
    await leaving.seen(/rewritten until/);
    leaving.child.kill("SIGINT");
    expect(await leaving.ended).toMatchObject({
      exitStatus: 0,
      stderr: "The job goes on; the report stays as it is now.\n",
    });
    expect(await readFile(join(place.home, "left.html"), "utf8")).not.toContain("refresh");
    await writeFile(go, "");
    await expect.poll(page, { timeout: 60_000 }).toMatch(/data-label="tree: \d+s, failed"/);
    await writeFile(end, "");
    const { stdout, stderr, exitStatus } = await watch.ended;
    expect([stderr, exitStatus]).toEqual(["", 0]);
    expect(stdout).toMatch(/\nJob FAILED: the report is complete\.\n$/);
    expect(await page()).toContain('<span class="FAILED">FAILED</span>');
    expect(await page()).not.toContain("refresh");
    for (const text of pages) expect(text.endsWith("</html>\n")).toBe(true);
    expect((await readdir(place.home)).filter((name) => name.startsWith(".nextstrain-tmp-"))).toEqual([]);
  },
);

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
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        `--user-data-dir=${join(temporary.path, name)}`,
      ];
      execFileSync("chromium", [...common, ...rest, `${how}=${target}`, `file://${file}`], {
        stdio: "ignore",
      });
      expect((await stat(target)).size, name).toBeGreaterThan(20_000);
    }
  },
);
