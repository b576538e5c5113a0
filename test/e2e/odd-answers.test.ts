import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RegisterJobDefinitionCommand } from "@aws-sdk/client-batch";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Answer, type Front, localEnvironment, startFront } from "../support/front.ts";
import { have } from "../support/have.ts";
import { localClients } from "../support/local-clients.ts";
import { jobIdOf, runTool, type ToolResult } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** An answer of DescribeJobs without the job. */
const withoutJob = (answer: Answer): Answer => ({ ...answer, body: JSON.stringify({ jobs: [] }) });

/** Changes only answers that the test names, by their number from 0 on. */
function nth(change: (answer: Answer) => Answer, isMeant: (index: number) => boolean) {
  let index = 0;
  return (answer: Answer) => (isMeant(index++) ? change(answer) : undefined);
}

/** AWS answers a build otherwise than local AWS does: single answers are changed on their way. */
describe.skipIf(!(have("zip") && have("unzip")))("odd answers (needs zip and unzip)", () => {
  let place: Workplace;
  let endpoint: string;
  let variables: Record<string, string>;

  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    ({ endpoint, variables } = await localEnvironment(place));
  });
  afterAll(() => place[Symbol.asyncDispose]());

  async function front(): Promise<Front> {
    const opened = await startFront(endpoint);
    onTestFinished(() => opened[Symbol.asyncDispose]());
    return opened;
  }
  const options = ({ url }: Front, env: Readonly<Record<string, string>>) => ({
    cwd: place.home,
    env: { ...place.env, ...variables, AWS_ENDPOINT_URL: url, ...env },
  });
  const run = (by: Front, args: readonly string[], env = {}) =>
    runTool(["build", "--aws-batch", ...args], options(by, env));
  const script = (text: string) => ["--exec", "sh", place.directory, "-c", text];
  const logOf = ({ stdout }: ToolResult) =>
    [...stdout.matchAll(/^\[batch\] \[.*?\] (.*)$/gm)].map(([, message]) => message);

  test("a job whose definition names another log group: its log is read there", async () => {
    await using clients = await localClients(place.env);
    const options = { "awslogs-group": "/lab/jobs", "awslogs-stream-prefix": "builds" };
    await clients.batch.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: "logging",
        type: "container",
        containerProperties: {
          image: "nextstrain/base",
          command: [],
          logConfiguration: { logDriver: "awslogs", options },
          resourceRequirements: [
            { type: "VCPU", value: "1" },
            { type: "MEMORY", value: "512" },
          ],
        },
      }),
    );
    const info = join(place.home, "job.json");
    const args = ["--aws-batch-job", "logging", "--job-info", info, ...script("echo here; exit 3")];
    const result = await run(await front(), args);
    expect(logOf(result)).toContain("here");
    expect(result.stderr).not.toContain("can't be shown");
    const { logGroup, logStream } = JSON.parse(await readFile(info, "utf8")) as Record<string, string>;
    expect([logGroup, logStream]).toEqual(["/lab/jobs", expect.stringMatching(/^builds\/default\//)]);
    // The end of a log that was not shown is read from there, too.
    const unshown = await run(await front(), ["--no-logs", ...args]);
    expect(unshown.stderr).toMatch(/^The job's own log ends with:\n {4}here$/m);
  });

  describe("a firewall's page in place of an answer", () => {
    const page = (): Answer => ({
      status: 403,
      contentType: "text/html",
      body: "<!DOCTYPE html>\n<html><body>Blocked by policy.<br></body></html>",
    });

    test("to each request for the log: the states go on, and the results come", async () => {
      const aws = await front();
      aws.change("GetLogEvents", page);
      const result = await run(aws, script("echo blocked > blocked.txt"));
      expect(result.exitStatus).toBe(0);
      expect(result.stderr).toMatch(
        /^Warning: AWS can't be reached for now \(the answer \(HTTP status 403\) can't be read, .*\n.*log can't be shown/,
      );
      expect(result.stderr).not.toContain("Unexpected token");
      expect(await place.read("blocked.txt")).toBe("blocked\n");
    });

    test("once in the middle of the log: no line is lost", async () => {
      const aws = await front();
      aws.change(
        "GetLogEvents",
        nth(page, (index) => index === 2),
      );
      const result = await run(aws, script("for i in 1 2 3 4; do echo line $i; sleep 1; done"));
      expect(result.exitStatus).toBe(0);
      expect(logOf(result).filter((line) => line?.startsWith("line"))).toHaveLength(4);
    });

    test("to a look at the queue: one sentence, and nothing is sent", async () => {
      const aws = await front();
      aws.change("DescribeJobQueues", page);
      aws.change("DescribeJobDefinitions", page);
      const result = await run(aws, script("true"));
      expect(result.exitStatus).toBe(1);
      expect(result.stderr).toMatch(
        /^Error: Could not .*: the answer \(HTTP status 403\) can't be read.*\.\n.*firewall/,
      );
      expect(result.stderr).not.toContain("Unexpected token");
      expect(result.stdout).not.toContain("Uploading");
    });
  });

  describe("DescribeJobs lacks the job", () => {
    test("right after the submission, and once in the middle: the build goes on, and says nothing", async () => {
      const aws = await front();
      aws.change(
        "DescribeJobs",
        nth(withoutJob, (index) => index < 2 || index === 4),
      );
      const result = await run(aws, script("sleep 3; echo result > result.txt"));
      expect([result.exitStatus, result.stderr]).toEqual([0, ""]);
      expect(await place.read("result.txt")).toBe("result\n");
    });

    test("as it is attached to", async () => {
      const aws = await front();
      const detached = await run(aws, ["--detach", ...script("echo attached")]);
      aws.change(
        "DescribeJobs",
        nth(withoutJob, (index) => index < 2),
      );
      const attached = await run(aws, ["--attach", jobIdOf(detached), place.directory]);
      expect([attached.exitStatus, attached.stderr]).toEqual([0, ""]);
      expect(logOf(attached)).toContain("attached");
    });

    test("for good: it ends with the command that attaches to the job", async () => {
      const aws = await front();
      aws.change("DescribeJobs", withoutJob);
      const result = await run(aws, script("true"), { NEXTSTRAIN_AWS_BATCH_PATIENCE: "0.02" });
      expect(result.exitStatus).toBe(1);
      expect(result.stderr).toMatch(/^Error: AWS Batch has not listed the job for 1\.2 seconds\.$/m);
      expect(result.stdout.trimEnd().split("\n").at(-1)).toContain(`--attach ${jobIdOf(result)}`);
    });
  });
});
