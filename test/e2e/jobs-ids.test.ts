// Protects how a job is named on the command line: by any beginning of its own id or its run's that fits it alone, or as the last one.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { keepRecords, numberedRun, recordOf } from "../support/records.ts";
import { jobIdOf, runIdOf, type ToolResult } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

describe.skipIf(!(have("zip") && have("unzip")))("build --attach (needs zip and unzip)", () => {
  let place: Workplace;
  let first: ToolResult;
  let second: ToolResult;

  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    first = await place.build("echo first", "--detach");
    second = await place.build("echo second", "--detach");
    // Two that share their beginning, on the same local AWS.
    const twins = [1, 2].map((number) =>
      recordOf(numberedRun(number), { localAws: true, createdAt: 1_000 * number }),
    );
    await keepRecords(place.home, twins);
  });
  afterAll(() => place[Symbol.asyncDispose]());

  const attach = (id: string) =>
    place.run("build", "--aws-batch", "--local-aws", "--attach", id, "--no-download");

  test.each<[string, () => string]>([
    ["the job's id", () => jobIdOf(first)],
    ["its beginning", () => jobIdOf(first).slice(0, 12)],
    ["its beginning in capitals", () => jobIdOf(first).slice(0, 12).toUpperCase()],
    ["the run's id", () => runIdOf(first)],
    ["the beginning of the run's id", () => runIdOf(first).slice(0, 12)],
  ])("takes %s", async (_, id) => {
    const { stdout, stderr, exitStatus } = await attach(id());
    expect(stderr).toBe("");
    expect(exitStatus).toBe(0);
    expect(stdout).toContain(`Attaching to AWS Batch Job ID: ${jobIdOf(first)}`);
    expect(stdout).toMatch(/^\[batch\] .* first$/m);
  });

  test("takes `last`", async () => {
    const { stdout, exitStatus } = await attach("last");
    expect(exitStatus).toBe(0);
    expect(stdout).toContain(`Attaching to AWS Batch Job ID: ${jobIdOf(second)}`);
  });

  test("what fits two jobs is refused, and both are named", async () => {
    const { stdout, stderr, exitStatus } = await attach("abcd");
    expect([stdout, exitStatus]).toEqual(["", 2]);
    expect(stderr).toMatch(
      /^Error: abcd could be any of 2 jobs:\n {2}abcd0000-0000-4000-8000-000000000002 {2}SUCCEEDED {2}.* ago {2}\/data\/zika\n {2}abcd0000-0000-4000-8000-000000000001 .*\nWrite more of the id\.\n$/,
    );
  });

  test("what fits none is told, with what to do", async () => {
    const { stdout, stderr, exitStatus } = await attach("0123456789");
    expect([stdout, exitStatus]).toEqual(["", 1]);
    expect(stderr).toMatch(/^Error: No job whose id begins with 0123456789 .*\n.*`nextstrain jobs`.*\n$/);
  });
});
