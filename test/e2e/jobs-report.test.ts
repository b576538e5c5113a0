// Protects `nextstrain jobs report`: a page about a job that has ended, one that runs, and one that AWS Batch has forgotten.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { have } from "../support/have.ts";
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
