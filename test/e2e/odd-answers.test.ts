import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Answer, type Front, localEnvironment, startFront } from "../support/front.ts";
import { have } from "../support/have.ts";
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
