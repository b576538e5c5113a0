// Protects logs, attach, cancel, download and prune of `nextstrain jobs`: also of jobs that AWS Batch has forgotten, and what is said of what is gone.
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Front, startFrontOf } from "../support/front.ts";
import { have } from "../support/have.ts";
import { breaches } from "../support/json-schema.ts";
import { localClients } from "../support/local-clients.ts";
import { keepRecords, numberedRun, recordOf, recordsIn } from "../support/records.ts";
import { runIdOf, runTool, startTool, type ToolResult } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const shortIdOf = (result: ToolResult) => runIdOf(result).slice(0, 8);
const messages = ({ stdout }: ToolResult) =>
  [...stdout.matchAll(/^\[batch\] \[.*?\] (line .*)$/gm)].map((match) => match[1]);

describe.skipIf(!(have("zip") && have("unzip")))("what jobs left (needs zip and unzip)", () => {
  let place: Workplace;
  let front: Front;
  let env: Record<string, string>;
  /** What AWS doesn't know any more. */
  let gone: { jobs?: boolean; logs?: boolean } = {};

  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    await place.run("local-aws", "start");
    ({ front, env } = await startFrontOf(place));
    const contentType = "application/json";
    front.change("DescribeJobs", () =>
      gone.jobs ? { status: 200, contentType, body: '{"jobs":[]}' } : undefined,
    );
    front.change("GetLogEvents", () =>
      gone.logs
        ? {
            status: 400,
            contentType,
            body: '{"__type":"ResourceNotFoundException","message":"no such stream"}',
          }
        : undefined,
    );
  });
  beforeEach(() => {
    gone = {};
  });
  afterAll(async () => {
    await front[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const jobs = (...args: string[]) => runTool(["jobs", ...args], { env, cwd: place.home });
  const waitFor = (name: string) => `until [ -e '${join(place.flags, name)}' ]; do sleep 0.1; done`;
  const tell = (name: string) => writeFile(join(place.flags, name), "");

  describe("logs", () => {
    let build: ToolResult;
    beforeAll(async () => {
      build = await place.build(
        "for i in 1 2 3; do echo line $i; done; echo made > made.txt",
        "--no-download",
      );
    });

    test("come whole, or the lines that match, for people and for programs", async () => {
      const all = await jobs("logs");
      expect([all.stderr, all.exitStatus]).toEqual(["", 0]);
      expect(messages(all)).toEqual(["line 1", "line 2", "line 3"]);
      expect(messages(await jobs("logs", shortIdOf(build), "--grep", "^line [13]$"))).toEqual([
        "line 1",
        "line 3",
      ]);
      expect((await jobs("logs", "--since", "2999-01-01")).stdout).toBe("");
      expect(messages(await jobs("logs", "--since", "1h", "--follow"))).toEqual([
        "line 1",
        "line 2",
        "line 3",
      ]);
      const json = await jobs("logs", "--json", "--grep", "line 2");
      const line = JSON.parse(json.stdout.split("\n").at(-2) ?? "");
      expect(breaches(line, "logLine")).toEqual([]);
      expect(line).toEqual({
        ...{ version: 1, time: expect.stringMatching(/^\d{4}-.*Z$/), message: "line 2" },
        stream: expect.stringMatching(/^nextstrain-job\//),
      });
    });

    test("come from CloudWatch when AWS Batch has forgotten the job; when they are gone, that is said", async () => {
      gone = { jobs: true };
      expect(messages(await jobs("logs", shortIdOf(build)))).toEqual(["line 1", "line 2", "line 3"]);
      expect(messages(await jobs("logs", "-f", shortIdOf(build)))).toEqual(["line 1", "line 2", "line 3"]);
      gone = { jobs: true, logs: true };
      const result = await jobs("logs", shortIdOf(build));
      expect([result.stdout, result.exitStatus]).toEqual(["", 1]);
      expect(result.stderr).toMatch(
        /^Error: The job's log is gone: .* no stream nextstrain-job\/\S+ in the log group \/aws\/batch\/job\.\n.*retention.*nextstrain jobs download /,
      );
    });

    test("are followed until the job has ended; leaving does nothing to the job", async () => {
      const running = await place.build(`echo line 1; ${waitFor("followed")}; echo line 2`, "--detach");
      const left = startTool(["jobs", "logs", "-f", shortIdOf(running)], { env, cwd: place.home });
      await left.seen(/line 1$/m);
      left.child.kill("SIGINT");
      expect((await left.ended).exitStatus).toBe(0);
      const following = startTool(["jobs", "logs", "-f"], { env, cwd: place.home });
      await following.seen(/line 1$/m);
      await tell("followed");
      const result = await following.ended;
      expect(messages(result)).toEqual(["line 1", "line 2"]);
      // Data is on standard output, talk beside it.
      expect(result.stdout).not.toMatch(/^Job /m);
      expect([result.stderr, result.exitStatus]).toMatchObject([expect.stringMatching(/^Job SUCCEEDED/m), 0]);
    });

    test("a pattern that is none is refused", async () => {
      const result = await jobs("logs", "--grep", "(");
      expect([result.stdout, result.exitStatus]).toEqual(["", 2]);
      expect(result.stderr).toMatch(/no regular expression/);
    });
  });

  test("attach brings the results to where the build was, from any directory", async () => {
    const build = await place.build(
      `echo line 1; ${waitFor("attached")}; echo late > attached.txt`,
      "--detach",
    );
    const attached = place.start("jobs", "attach", shortIdOf(build));
    await attached.seen(/line 1$/m);
    await tell("attached");
    const result = await attached.ended;
    expect([result.stderr, result.exitStatus]).toEqual(["", 0]);
    expect(await place.read("attached.txt")).toBe("late\n");
    gone = { jobs: true };
    const later = await jobs("attach", shortIdOf(build));
    expect(later.exitStatus).toBe(1);
    expect(later.stderr).toMatch(/^Error: AWS Batch has forgotten the job: .*\n.*jobs download/);
  });

  test("cancel stops several at once, and says what had ended", async () => {
    const ended = await place.build("true");
    const builds = [];
    for (const name of ["a", "b"])
      builds.push(await place.build(`echo ${name}; trap "exit 1" TERM; sleep 600 & wait`, "--detach"));
    const result = await jobs("cancel", ...[...builds, ended].map(shortIdOf));
    expect([result.stderr, result.exitStatus]).toEqual(["", 0]);
    expect(result.stdout).toContain(
      `Job ${shortIdOf(ended)} has ended already (SUCCEEDED): there is nothing to cancel.`,
    );
    for (const build of builds) expect(result.stdout).toContain(`Job ${shortIdOf(build)} has stopped\n`);
    const states = JSON.parse((await jobs("list", "--json", ...builds.map(shortIdOf))).stdout);
    expect(states.jobs).toMatchObject([{ status: "FAILED" }, { status: "FAILED" }]);
  });

  describe("download", () => {
    test("brings the results of several home, and each one only once", async () => {
      const builds = [];
      for (const name of ["one", "two"]) {
        builds.push(await place.build(`echo ${name} > ${name}.txt`, "--no-download"));
      }
      const ids = builds.map(shortIdOf);
      const result = await jobs("download", ...ids);
      expect([result.stderr, result.exitStatus]).toEqual(["", 0]);
      expect(await place.read("one.txt")).toBe("one\n");
      expect(await place.read("two.txt")).toBe("two\n");
      const listed = JSON.parse((await jobs("list", "--json", ...ids)).stdout);
      expect(listed.jobs).toMatchObject([4, 4].map((broughtBytes) => ({ resultsLeft: false, broughtBytes })));
      expect((await jobs("download", ...ids)).stdout).toMatch(/Downloading nothing to .*here already/);
    });

    test("takes another directory, also for a job that AWS Batch has forgotten", async () => {
      const build = await place.build("echo far > far.txt", "--no-download");
      gone = { jobs: true };
      const into = join(place.home, "new", "directory");
      const result = await jobs("download", "--into", into);
      expect([result.stderr, result.exitStatus]).toEqual(["", 0]);
      expect(await readdir(into)).toEqual(["far.txt"]);
      expect(existsSync(join(place.directory, "far.txt"))).toBe(false);
      if (process.platform === "linux") {
        const kernels = await jobs("download", "--into", "/proc/results");
        expect(kernels.exitStatus).toBe(1);
        expect(kernels.stderr).toContain("The directory /proc/results can't be made (EPERM).");
      }
      // From another computer, by the run's id alone.
      const stranger = { ...env, NEXTSTRAIN_HOME: join(place.home, "elsewhere") };
      front.change("ListJobs", () =>
        gone.jobs ? { status: 200, contentType: "application/json", body: "{}" } : undefined,
      );
      const elsewhere = (...args: string[]) =>
        runTool(["jobs", "download", ...args], { env: stranger, cwd: place.home });
      const without = await elsewhere(runIdOf(build));
      expect([without.stdout, without.exitStatus]).toEqual(["", 1]);
      expect(without.stderr).toMatch(/was not started from this computer.*\nAdd --into DIRECTORY\.\n$/);
      expect((await elsewhere(runIdOf(build), "--into", "strange")).exitStatus).toBe(0);
      expect(await readFile(join(place.home, "strange", "far.txt"), "utf8")).toBe("far\n");
    });

    test("says what can't be had, and brings the others", async () => {
      const expired = await place.build("echo gone > gone.txt", "--no-download");
      const there = await place.build("echo there > there.txt", "--no-download");
      const running = await place.build(waitFor("downloaded"), "--detach");
      await using clients = await localClients(place.env);
      await clients.s3.send(
        new DeleteObjectCommand({ Bucket: "nextstrain-jobs", Key: `${runIdOf(expired)}.zip` }),
      );
      const result = await jobs("download", ...[running, expired, there].map(shortIdOf));
      await tell("downloaded");
      expect(result.exitStatus).toBe(1);
      expect(result.stderr).toMatch(
        /^Error: Job \S+ is (RUNNING|STARTING|RUNNABLE): its results come when it has ended\.$/m,
      );
      expect(result.stderr).toMatch(
        /^Error: The results are not in the bucket any more: .* is gone\.\n.*retention/m,
      );
      expect(await place.read("there.txt")).toBe("there\n");
      const both = await jobs("download", "--into", "x", ...[expired, there].map(shortIdOf));
      expect([both.stdout, both.exitStatus]).toEqual(["", 2]);
    });
  });

  test("prune forgets what has expired, and what is old and at home", async () => {
    const day = 86_400_000;
    const now = Date.now();
    const run = (number: number) => numberedRun(number, "9999aaaa");
    await keepRecords(place.home, [
      recordOf(run(1), { createdAt: now - 40 * day, expiresAt: now - 9 * day }),
      recordOf(run(2), { createdAt: now - 100 * day, downloadedAt: now - 99 * day }),
      recordOf(run(3), { createdAt: now - 100 * day }),
      recordOf(run(4), { createdAt: now - 5 * day, status: "RUNNING", endedAt: undefined }),
    ]);
    const left = async () =>
      (await readdir(recordsIn(place.home))).filter((name) => name.startsWith("9999aaaa"));
    const dry = await jobs("prune", "--dry-run");
    expect(dry.stdout).toBe(`Would forget ${run(1)}  SUCCEEDED  /data/zika\n`);
    expect(await left()).toHaveLength(4);
    expect((await jobs("prune")).stdout).toBe(`Forgot ${run(1)}  SUCCEEDED  /data/zika\n`);
    expect((await jobs("prune", "--older-than", "90d")).stdout).toBe(
      `Forgot ${run(2)}  SUCCEEDED  /data/zika\n`,
    );
    expect((await left()).sort()).toEqual([`${run(3)}.json`, `${run(4)}.json`]);
  });
});
