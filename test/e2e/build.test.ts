import { chmod, mkdir, readdir, rm, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DescribeJobsCommand } from "@aws-sdk/client-batch";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { localClients } from "../support/local-clients.ts";
import { jobIdOf, runTool } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const needed = have("zip") && have("unzip");

/** Milliseconds from a quick build's submission to its end: so long, eight looks can be had beside seven other requests. */
const QUICK = 800;
/** Milliseconds from one look of a kind to the next, at least. */
const LOOKS = 200;

const lastLine = (text: string) => text.trimEnd().split("\n").at(-1);

describe.skipIf(!needed)("a build on local AWS (needs zip and unzip)", () => {
  let place: Workplace;

  beforeAll(async () => {
    place = await workplace();
  });
  afterAll(() => place[Symbol.asyncDispose]());
  beforeEach(async () => {
    await rm(place.directory, { recursive: true, force: true });
    await mkdir(place.directory);
    await place.write("Snakefile", "");
  });

  test("says each stage, shows the log, and brings the results back", async () => {
    await place.write("input.txt", "in");
    const result = await place.build("cat input.txt > out.txt; echo hello from the job");
    expect(result.stderr).toBe("");
    expect(result.exitStatus).toBe(0);
    const stages = [
      /^Nextstrain Run ID: ([0-9a-f-]{36})$/m,
      /^Uploading .*\/build to S3$/m,
      /^uploaded: s3:\/\/nextstrain-jobs\/[0-9a-f-]{36}\.zip$/m,
      /^Submitting job$/m,
      /^AWS Batch Job ID: \S+$/m,
      /^Job now (RUNNABLE|STARTING|RUNNING)$/m,
      /^\[batch\] \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\] hello from the job$/m,
      /^\[batch\] \[.*\] \+ exit 0$/m,
      /^Job SUCCEEDED after \d+\.\d minutes \(exited 0\)$/m,
      /^Downloading 1 file \(2 B\) to .*\/build$/m,
      /^downloaded: out\.txt$/m,
    ];
    const positions = stages.map((stage) => result.stdout.search(stage));
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(positions).not.toContain(-1);
    expect(await place.read("out.txt")).toBe("in");
    expect((await readdir(place.directory)).sort()).toEqual(["Snakefile", "input.txt", "out.txt"]);
  });

  test("shows progress bars as they are last, and a line for all files packed; with NEXTSTRAIN_DEBUG each of them", async () => {
    await place.write("a.txt", "a");
    const script = "printf '1%%\\r50%%\\r100%%\\n'; echo b > b.txt; echo c > c.txt";
    const result = await place.build(script);
    expect(result.stdout).toMatch(/^\[batch\] \[.*?\] 100%$/m);
    expect(result.stdout).toMatch(/\(2 files and directories packed\)\n/);
    expect(result.stdout).not.toMatch(/adding:|inflating:|extracting:/);
    const args = ["build", "--aws-batch", "--local-aws", "--exec", "sh", place.directory, "-c", script];
    const debugged = await runTool(args, { env: { ...place.env, NEXTSTRAIN_DEBUG: "1" }, cwd: place.home });
    expect(debugged.stdout).toMatch(/\] updating: b\.txt/);
    expect(debugged.stdout).not.toContain("files and directories");
  });

  test("ends with the job's own exit status, and still brings its results", async () => {
    const result = await place.build("echo partial > partial.txt; exit 7");
    expect(result.exitStatus).toBe(7);
    expect(result.stdout).toMatch(/^Job FAILED after \d+\.\d minutes \(exited 7\)$/m);
    expect(await place.read("partial.txt")).toBe("partial\n");
  });

  test("an edit made while the job ran survives, and the job's version lies beside it", async () => {
    await place.write("notes.txt", "before");
    await place.write("table.tsv", "before");
    const go = join(place.flags, "go");
    const build = place.startBuild(
      `echo from job > notes.txt; echo job > table.tsv; until [ -e ${go} ]; do sleep 0.1; done`,
    );
    await build.seen(/^Job now RUNNING$/m);
    await place.write("notes.txt", "edited meanwhile");
    await writeFile(go, "");
    const running = await build.ended;
    expect(running.exitStatus).toBe(0);
    expect(await place.read("notes.txt")).toBe("edited meanwhile");
    expect(await place.read("table.tsv")).toBe("job\n");
    const beside = (await readdir(place.directory)).find((name) =>
      /^notes\.from-job-[0-9a-f]{8}\.txt$/.test(name),
    );
    expect(beside && (await place.read(beside))).toBe("from job\n");
    expect(running.stderr).toMatch(/notes\.txt.* was left alone/);
  });

  test("variables reach the job, but neither its settings nor the bucket afterwards", async () => {
    const before = await place.objects();
    const result = await place.build(
      'printf "%s|%s|%s" "$COLOUR" "$TWO_LINES" "${UNSET_HERE-unset}" > seen.txt',
      ...["--env", "COLOUR=crimson", "--env", "TWO_LINES=one\ntwo", "--env", "UNSET_HERE"],
    );
    expect(result.exitStatus).toBe(0);
    expect(await place.read("seen.txt")).toBe("crimson|one\ntwo|unset");
    await using clients = await localClients(place.env);
    const { jobs } = await clients.batch.send(new DescribeJobsCommand({ jobs: [jobIdOf(result)] }));
    expect(JSON.stringify(jobs)).not.toContain("crimson");
    const added = (await place.objects()).filter((key) => !before.includes(key));
    expect(added.map((key) => key.replace(/^[0-9a-f-]{36}/, "<run>")).sort()).toEqual([
      "<run>.json.gz",
      "<run>.zip",
    ]);
  });

  test("--detach leaves with the command that re-attaches, which brings the results", async () => {
    const detached = await place.build("echo late > late.txt", "--detach");
    expect(detached.exitStatus).toBe(0);
    const id = jobIdOf(detached);
    expect(lastLine(detached.stdout)).toBe(
      `NEXTSTRAIN_HOME=${place.env.NEXTSTRAIN_HOME} nextstrain build --aws-batch --local-aws --attach ${id} ${place.directory}`,
    );
    const attached = await place.run("build", "--aws-batch", "--local-aws", "--attach", id, place.directory);
    expect(attached.stderr).toBe("");
    expect(attached.exitStatus).toBe(0);
    expect(await place.read("late.txt")).toBe("late\n");
  });

  test("on another computer the manifest in the bucket tells what the job changed", async () => {
    await place.write("kept.txt", "as uploaded");
    await place.write("changed.txt", "as uploaded");
    const detached = await place.build("echo by the job > changed.txt", "--detach");
    // Another computer: no records, and another copy of the directory, edited since.
    await rm(join(place.home, ".nextstrain", "aws-batch"), { recursive: true });
    await place.write("kept.txt", "edited here");
    const attached = await place.run(
      "build",
      "--aws-batch",
      "--local-aws",
      "--attach",
      jobIdOf(detached),
      place.directory,
    );
    expect(attached.exitStatus).toBe(0);
    expect(await place.read("kept.txt")).toBe("edited here");
    expect(await place.read("changed.txt")).toBe("by the job\n");
  });

  test("Snakemake's own files come back, counted by themselves and not told one by one", async () => {
    const build = await place.build(
      "echo by the job > out.txt; mkdir -p .snakemake/metadata; echo x > .snakemake/metadata/x",
    );
    expect(build.stdout).toMatch(/^Downloading 1 file and 1 of Snakemake's own \(13 B\) to .*\/build$/m);
    expect(build.stdout.match(/^downloaded: .*$/gm)).toEqual(["downloaded: out.txt"]);
    expect(await place.read(".snakemake/metadata/x")).toBe("x\n");
  });

  test("a damaged record is told of, and the manifest takes its place", async () => {
    await place.write("changed.txt", "as uploaded");
    const detached = await place.build("echo by the job > changed.txt", "--detach");
    const runs = join(place.home, ".nextstrain/aws-batch/runs");
    const runId = /^Nextstrain Run ID: (\S+)$/m.exec(detached.stdout)?.[1];
    await writeFile(join(runs, `${runId}.files.json.gz`), "no gzip");
    const attached = await place.run(
      ...["build", "--aws-batch", "--local-aws", "--attach", jobIdOf(detached), place.directory],
    );
    expect(attached.stderr).toMatch(
      /^Warning: .*\.files\.json\.gz is damaged.* manifest .* takes its place\.$/m,
    );
    expect(attached.exitStatus).toBe(0);
    expect(await place.read("changed.txt")).toBe("by the job\n");
  });

  test("Control-C cancels the job, waits for it to stop, and ends with 130", async () => {
    const build = place.startBuild("sleep 600");
    await build.seen(/^Job now RUNNING$/m);
    build.child.kill("SIGINT");
    const result = await build.ended;
    expect(result.exitStatus).toBe(130);
    expect(result.stdout).toMatch(/^Job FAILED/m);
    expect(result.stdout).toContain("Cancelled by the user.");
  });

  test.each(["SIGTSTP", "SIGHUP"] as const)("%s detaches, and the job goes on", async (signal) => {
    const go = join(place.flags, signal);
    const build = place.startBuild(`until [ -e ${go} ]; do sleep 0.1; done; echo done > done.txt`);
    await build.seen(/^Job now RUNNING$/m);
    build.child.kill(signal);
    const detached = await build.ended;
    expect(detached.exitStatus).toBe(0);
    const id = jobIdOf(detached);
    expect(lastLine(detached.stdout)).toContain(`--attach ${id} ${place.directory}`);
    await writeFile(go, "");
    const attached = await place.run("build", "--aws-batch", "--local-aws", "--attach", id, place.directory);
    expect(attached.exitStatus).toBe(0);
    expect(await place.read("done.txt")).toBe("done\n");
  });

  test("Control-C during the upload leaves nothing in the bucket, no job and no record", async () => {
    const before = await place.objects();
    await place.write("large.bin", "");
    await truncate(join(place.directory, "large.bin"), 20 * 1024 ** 3);
    const build = place.startBuild("true");
    await build.seen(/^Uploading /m);
    build.child.kill("SIGINT");
    const result = await build.ended;
    expect(result.exitStatus).toBe(130);
    expect(result.stdout).not.toContain("AWS Batch Job ID");
    expect(result.stdout).not.toContain("--attach");
    expect(await place.objects()).toEqual(before);
    const run = /Run ID: (\S+)/.exec(result.stdout)?.[1] ?? "";
    const records = await readdir(join(place.home, ".nextstrain", "aws-batch", "runs")).catch(() => []);
    expect(records.filter((name) => name.startsWith(run))).toEqual([]);
  });

  test("modification times and permissions survive the round trip", async () => {
    await place.write("script.sh", "#!/bin/sh\n");
    await chmod(join(place.directory, "script.sh"), 0o755);
    await utimes(join(place.directory, "script.sh"), 1_600_000_000, 1_600_000_000);
    const result = await place.build(
      'stat -c "%a %Y" script.sh > seen.txt; echo x > made.sh; chmod 750 made.sh; touch -d @1700000001 made.sh',
    );
    expect(result.exitStatus).toBe(0);
    expect(await place.read("seen.txt")).toBe("755 1600000000\n");
    const made = await stat(join(place.directory, "made.sh"));
    expect(made.mode & 0o777).toBe(0o750);
    expect(made.mtimeMs).toBe(1_700_000_001_000);
  });

  test("links are followed on the way out, and written through on the way back", async () => {
    await place.write("real/data.txt", "one");
    await symlink("real/data.txt", join(place.directory, "link.txt"));
    const result = await place.build("echo two > link.txt");
    expect(result.exitStatus).toBe(0);
    expect(await place.read("real/data.txt")).toBe("two\n");
  });

  test("what a job changes at once comes back, be the file's time that of now or of tomorrow", async () => {
    await place.write("now.txt", "one");
    await place.write("tomorrow.txt", "one");
    const tomorrow = Date.now() / 1000 + 86_400;
    await utimes(join(place.directory, "tomorrow.txt"), tomorrow, tomorrow);
    const result = await place.build("echo two > now.txt; echo two > tomorrow.txt");
    expect(result.exitStatus).toBe(0);
    expect([await place.read("now.txt"), await place.read("tomorrow.txt")]).toEqual(["two\n", "two\n"]);
  });

  test("a pathogen repository is shipped whole, and the job starts in the directory within it", async () => {
    await place.write("nextstrain-pathogen.yaml", "");
    await place.write("shared/config.txt", "shared");
    await place.write("phylogenetic/Snakefile", "");
    const result = await place.run(
      ...["build", "--aws-batch", "--local-aws", "--exec", "sh", join(place.directory, "phylogenetic")],
      ...["-c", "cp ../shared/config.txt copied.txt"],
    );
    expect(result.exitStatus).toBe(0);
    expect(await place.read("phylogenetic/copied.txt")).toBe("shared");
  });

  test("a quick build asks AWS for at most 15 things", async () => {
    await place.write("input.txt", "in");
    await place.build("true");
    const before = await requestsSoFar(place);
    const result = await place.build("cat input.txt > out.txt");
    const ended = Date.now();
    expect(result.exitStatus).toBe(0);
    const after = await requestsSoFar(place);
    const byTheJob = 2;
    const watching = after.watching - before.watching;
    const others = after.others - before.others - byTheJob;
    expect(watching).toBeGreaterThan(1);
    expect(others).toBeGreaterThan(3);
    expect(others).toBeLessThanOrEqual(7);
    // Where this computer makes no quick build of it, more looks may follow, of the job and of its log.
    await using clients = await localClients(place.env);
    const { jobs = [] } = await clients.batch.send(new DescribeJobsCommand({ jobs: [jobIdOf(result)] }));
    const took = ended - (jobs[0]?.createdAt ?? 0);
    const more = Math.max(0, Math.ceil((took - QUICK) / LOOKS)) * 2;
    expect(watching + others, `${took} ms, ${watching} of them to watch`).toBeLessThanOrEqual(15 + more);
  });
});

/** Requests that local AWS has answered: looks at jobs and their logs, and others, those of jobs among them: theirs are two, for the archive. */
async function requestsSoFar(place: Workplace): Promise<{ watching: number; others: number }> {
  const { stdout } = await place.run("local-aws", "status", "--json");
  const { requests } = JSON.parse(stdout) as { requests: Record<string, Record<string, number>> };
  const counts = { watching: 0, others: 0 };
  for (const [operation, count] of Object.values(requests).flatMap((operations) =>
    Object.entries(operations),
  )) {
    counts[/^(describejobs|GetLogEvents)$/.test(operation) ? "watching" : "others"] += count;
  }
  return counts;
}
