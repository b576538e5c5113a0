// Protects `nextstrain jobs`: what it tells of this computer's builds and of the queue's jobs, how little it asks for, and that no record breaks it.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SubmitJobCommand } from "@aws-sdk/client-batch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Front, startFrontOf } from "../support/front.ts";
import { have } from "../support/have.ts";
import { breaches } from "../support/json-schema.ts";
import { localClients } from "../support/local-clients.ts";
import { keepRecords, numberedRun, recordOf, recordsIn } from "../support/records.ts";
import { jobIdOf, runIdOf, runTool, type ToolResult } from "../support/run-tool.ts";
import { startInTerminal } from "../support/terminal.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** Cells of a row, by the id that it begins with. */
const rowOf = ({ stdout }: ToolResult, id: string) =>
  stdout
    .split("\n")
    .find((line) => line.startsWith(id.slice(0, 8)))
    ?.split(/ {2,}/);

describe.skipIf(!(have("zip") && have("unzip")))("the jobs of an account (needs zip and unzip)", () => {
  let place: Workplace;
  let front: Front;
  let env: Record<string, string>;
  let succeeded: ToolResult;
  let failed: ToolResult;
  let waiting: ToolResult;
  const elsewhere = numberedRun(7, "77777777");

  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    succeeded = await place.build("echo done > done.txt");
    failed = await place.build("exit 3", "--no-download");
    waiting = await place.build(`until [ -e '${join(place.flags, "go")}' ]; do sleep 0.1; done`, "--detach");
    await using clients = await localClients(place.env);
    await clients.batch.send(
      new SubmitJobCommand({
        ...{ jobName: elsewhere, jobQueue: "nextstrain-job-queue", jobDefinition: "nextstrain-job" },
        containerOverrides: { command: ["sleep", "600"] },
      }),
    );
    ({ front, env } = await startFrontOf(place));
  });
  afterAll(async () => {
    await front[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const jobs = (...args: string[]) => runTool(["jobs", ...args], { env, cwd: place.home });
  const asked = (operation: string) =>
    front.requests.filter((line) => line.includes(`/v1/${operation.toLowerCase()}`)).length;

  test("are listed with what became of them, the newest first, other computers' too", async () => {
    const result = await place.run("jobs", "--local-aws");
    expect(result.exitStatus).toBe(0);
    const ids = result.stdout.split("\n").map((line) => line.slice(0, 8).trim());
    expect(ids).toEqual(
      ["ID", elsewhere, runIdOf(waiting), runIdOf(failed), runIdOf(succeeded), ""].map((id) =>
        id.slice(0, 8),
      ),
    );
    expect(rowOf(result, runIdOf(succeeded))?.slice(1)).toEqual([
      ...["SUCCEEDED", expect.stringMatching(/s$/), expect.stringMatching(/s$/), "0"],
      ...[expect.stringMatching(/B$/), expect.stringMatching(/^5 B$/), place.directory],
    ]);
    expect(rowOf(result, runIdOf(failed))?.[1]).toBe("FAILED");
    expect(rowOf(result, runIdOf(failed))?.[6]).toBe("on AWS");
    expect(rowOf(result, elsewhere)?.at(-1)).toBe("(another computer)");
    // The one that is at home already is not among those to bring.
    expect(result.stderr).toBe(
      `Results that were never brought home: nextstrain jobs download ${runIdOf(failed).slice(0, 8)}\n`,
    );
  });

  test("are found without --local-aws, too: the record knows where they are", async () => {
    const result = await place.run("jobs", "list", runIdOf(waiting).slice(0, 12), jobIdOf(succeeded));
    expect(result.exitStatus).toBe(0);
    expect(rowOf(result, runIdOf(waiting))?.[1]).toMatch(/^(RUNN|START)/);
    expect(rowOf(result, runIdOf(succeeded))?.[1]).toBe("SUCCEEDED");
  });

  test.each<[string[], () => ToolResult[]]>([
    [["--state", "failed"], () => [failed]],
    [["--state", "failed,SUCCEEDED"], () => [failed, succeeded]],
    [
      ["--state", "runnable", "--state", "starting", "--state", "running", "--directory", "../build"],
      () => [waiting],
    ],
    [["--directory", "."], () => []],
    [["--since", "1h", "--limit", "3", "--directory", "/"], () => [waiting, failed, succeeded]],
    [["--since", "2999-01-01"], () => []],
  ])("are chosen by %j", async (args, expected) => {
    const result = await jobs("list", ...args);
    const ids = result.stdout
      .split("\n")
      .slice(1, -1)
      .map((line) => line.slice(0, 8));
    expect(ids).toEqual(expected().map((one) => runIdOf(one).slice(0, 8)));
    expect(result.exitStatus).toBe(0);
  });

  test("come as JSON, with all that is known", async () => {
    const { stdout, stderr } = await jobs("list", "--json", "--limit", "4");
    expect(stderr).toBe("");
    expect(breaches(JSON.parse(stdout), "jobs")).toEqual([]);
    const { version, jobs: listed } = JSON.parse(stdout);
    expect(version).toBe(1);
    expect(listed).toHaveLength(4);
    expect(listed[2]).toMatchObject({
      ...{ version: 1, runId: runIdOf(failed), jobId: jobIdOf(failed), status: "FAILED", exitCode: 3 },
      ...{
        directory: place.directory,
        resultsLeft: true,
        forgotten: false,
        localAws: true,
        downloadedAt: null,
      },
      ...{ attempts: [{ exitCode: 3, logStream: expect.stringMatching(/^nextstrain-job\//) }] },
    });
    expect(listed[0]).toMatchObject({ runId: elsewhere, directory: null, localAws: true });
  });

  test("where listing is not allowed, that is said once, and this computer's are listed", async () => {
    let isDenied = true;
    front.change("ListJobs", () =>
      isDenied
        ? {
            status: 403,
            contentType: "application/json",
            body: '{"message":"no","__type":"AccessDeniedException"}',
          }
        : undefined,
    );
    const result = await jobs();
    isDenied = false;
    expect(result.exitStatus).toBe(0);
    expect(result.stderr.match(/batch:ListJobs/g)).toHaveLength(1);
    expect(result.stdout).not.toContain(elsewhere.slice(0, 8));
    expect(rowOf(result, runIdOf(succeeded))?.[1]).toBe("SUCCEEDED");
  });

  test("of 250 that had not ended, Batch is asked in hundreds, and what it has forgotten is said", async () => {
    const forgotten = Array.from({ length: 250 }, (_, index) =>
      recordOf(numberedRun(index, "f0f0f0f0"), {
        localAws: true,
        status: "RUNNING",
        endedAt: undefined,
        exitCode: undefined,
      }),
    );
    await keepRecords(place.home, forgotten);
    const before = asked("DescribeJobs");
    const result = await jobs("--limit", "400");
    expect(asked("DescribeJobs") - before).toBe(3);
    expect(result.stdout.match(/^f0f0f0f0\S* +UNKNOWN/gm)).toHaveLength(250);
    await keepRecords(
      place.home,
      forgotten.map((record) => ({ ...record, status: "SUCCEEDED", downloadedAt: 1 })),
    );
    const later = asked("DescribeJobs");
    const again = await jobs();
    // One is still running.
    expect(asked("DescribeJobs") - later).toBe(1);
    expect(again.stderr).toContain("30 of 254 jobs, the newest: --limit 254 shows all.");
  });

  test.skipIf(!have("python3"))("fit the terminal, in colours (needs python3)", async () => {
    const terminal = startInTerminal(["jobs", "--since", "30m"], { env, cwd: place.home, columns: 70 });
    const { lines, raw, exitStatus } = await terminal.ended;
    expect(exitStatus).toBe(0);
    const table = lines.filter((line) => /^\w{8} /.test(line));
    expect(table.length).toBeGreaterThanOrEqual(4);
    expect(Math.max(...table.map((line) => line.length))).toBeLessThan(70);
    expect(raw).toContain("\x1b[31mFAILED\x1b[0m");
    const plain = await startInTerminal(["jobs"], { env: { ...env, NO_COLOR: "1" }, cwd: place.home }).ended;
    expect(plain.raw).not.toContain("\x1b[3");
  });

  test("a record that is damaged or newer is named once, and one with an evil name can do nothing", async () => {
    const put = (id: string, text: string) => writeFile(join(recordsIn(place.home), `${id}.json`), text);
    await put(numberedRun(1, "dddddddd"), "{");
    await put(numberedRun(2, "dddddddd"), JSON.stringify({ version: 2 }));
    await put(numberedRun(3, "dddddddd"), "");
    await keepRecords(place.home, [
      recordOf(numberedRun(4, "dddddddd"), {
        localAws: true,
        createdAt: Date.now(),
        directory: "/evil\x1b[2J\nname",
      }),
    ]);
    const result = await jobs();
    expect(result.exitStatus).toBe(0);
    for (const number of [1, 2, 3]) {
      expect(
        result.stderr.split("\n").filter((line) => line.includes(numberedRun(number, "dddddddd"))),
      ).toHaveLength(1);
    }
    expect(result.stderr).toMatch(/newer version/);
    expect(rowOf(result, "dddddddd")?.at(-1)).toBe("/evil\\u001b[2J\\nname");
  });
});

test("where there is nothing, that is said", async () => {
  await using place = await workplace();
  const { stdout, stderr, exitStatus } = await place.run("jobs", "--local-aws");
  expect([stdout, exitStatus]).toEqual(["", 0]);
  expect(stderr).toMatch(/^There are no jobs: /);
});

test.each<[string[], RegExp]>([
  [["list", "--state", "gone"], /argument 'gone' is invalid\. There are SUBMITTED, /],
  [["list", "--since", "yesterday"], /Give an amount of time/],
  [["list", "--limit", "0"], /whole number from 1/],
])("%j is refused", async (args, message) => {
  await using place = await workplace();
  const { stdout, stderr, exitStatus } = await place.run("jobs", ...args);
  expect([stdout, exitStatus]).toEqual(["", 2]);
  expect(stderr).toMatch(message);
});
