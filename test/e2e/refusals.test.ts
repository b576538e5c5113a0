import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Front, localEnvironment, startFront } from "../support/front.ts";
import { have } from "../support/have.ts";
import { runTool } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const WHO = "User: arn:aws:iam::123456789012:user/local is not authorized to perform:";
const BY_BUCKET = `${WHO} s3:PutObject on resource: "arn:aws:s3:::nextstrain-jobs/x" with an explicit deny in a resource-based policy`;
const BY_ORGANISATION = `${WHO} batch:SubmitJob on resource: arn:aws:batch:us-east-1:123456789012:job-queue/x with an explicit deny in a service control policy`;

/** What S3 answers for a bucket whose policy denies uploads without the header. */
function demandHeader({ method, url = "", headers }: IncomingMessage, response: ServerResponse): boolean {
  const begins =
    (method === "PUT" && !url.includes("partNumber=")) || (method === "POST" && /[?&]uploads/.test(url));
  if (!begins || headers["x-amz-server-side-encryption"] !== undefined) return false;
  response.writeHead(403, { "content-type": "application/xml", connection: "close" });
  response.end(
    `<Error><Code>AccessDenied</Code><Message>${BY_BUCKET.replaceAll('"', "&quot;")}</Message></Error>`,
  );
  return true;
}

describe.skipIf(!(have("zip") && have("unzip")))(
  "a bucket that demands encryption headers (needs zip and unzip)",
  () => {
    let place: Workplace;
    let s3: Front;
    let env: Record<string, string>;
    beforeAll(async () => {
      place = await workplace();
      await place.write("Snakefile", "");
      // Several parts, so that it is a multipart upload.
      await place.write("large", randomBytes(9 * 2 ** 20).toString("base64"));
      await place.run("local-aws", "start");
      const { endpoint, variables } = await localEnvironment(place);
      s3 = await startFront(endpoint, { answer: demandHeader });
      env = { ...place.env, ...variables, AWS_ENDPOINT_URL_S3: s3.url };
    });
    afterAll(async () => {
      await s3[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    });

    const run = (args: readonly string[], more: Record<string, string> = {}) =>
      runTool([...args], { env: { ...env, ...more }, cwd: place.home });
    const build = ["build", "--aws-batch", "--exec", "sh"];

    test("refuses a build without them: the sentence is quoted, and the setting named", async () => {
      const before = await place.objects();
      const { stderr, exitStatus } = await run([...build, place.directory, "-c", "true"]);
      expect(exitStatus).toBe(1);
      expect(stderr).toContain(`AWS says: “${BY_BUCKET}”.`);
      expect(stderr).toContain("a further permission does not help");
      expect(stderr).toContain("NEXTSTRAIN_AWS_BATCH_SSE");
      expect(stderr).not.toContain("for the permission");
      expect(await place.objects()).toEqual(before);
    });

    test("takes one whose uploads carry them, by the setting", async () => {
      const args = [...build, place.directory, "-c", "echo result > result.txt"];
      const { stderr, exitStatus } = await run([...args], { NEXTSTRAIN_AWS_BATCH_SSE: "AES256" });
      expect(`${exitStatus} ${stderr}`).toBe("0 ");
      expect(await place.read("result.txt")).toBe("result\n");
      expect(s3.requests.some((line) => /^POST .*uploads/.test(line))).toBe(true);
    });

    test("is found by check-setup, and that jobs cannot store their results", async () => {
      const unset = await run(["check-setup", "aws-batch"]);
      expect(unset.stdout.replace(/\s+/g, " ")).toContain("Set NEXTSTRAIN_AWS_BATCH_SSE=AES256");
      const before = await place.objects();
      const set = await run(["check-setup", "aws-batch", "--json"], { NEXTSTRAIN_AWS_BATCH_SSE: "AES256" });
      const [{ findings }] = JSON.parse(set.stdout).runtimes;
      const marks = Object.fromEntries(
        findings.map(({ id, mark }: { id: string; mark: string }) => [id, mark]),
      );
      expect(marks).toMatchObject({ "bucket.headers.own": "ok", "bucket.headers.jobs": "wrong" });
      expect(marks).not.toHaveProperty("permissions.s3.putobject");
      expect(await place.objects()).toEqual(before);
    });

    test.each([
      [
        { NEXTSTRAIN_AWS_BATCH_SSE: "aes" },
        '"aes" (from NEXTSTRAIN_AWS_BATCH_SSE) is not an encryption of S3.',
      ],
      [{ NEXTSTRAIN_AWS_BATCH_SSE: "AES256", NEXTSTRAIN_AWS_BATCH_KMS_KEY_ID: "k" }, "names a key"],
    ])("%j is refused", async (settings, message) => {
      const { stderr, exitStatus } = await run([...build, place.directory, "-c", "true"], settings);
      expect(exitStatus).toBe(2);
      expect(stderr).toContain(message);
    });
  },
);

test("an organisation's deny is not called a missing permission", async () => {
  await using place = await workplace();
  await place.write("Snakefile", "");
  await place.run("local-aws", "start");
  const { endpoint, variables } = await localEnvironment(place);
  await using batch = await startFront(endpoint, {
    answer(request, response) {
      if (request.url !== "/v1/submitjob") return false;
      response.writeHead(403, { "x-amzn-errortype": "AccessDeniedException", connection: "close" });
      response.end(JSON.stringify({ message: BY_ORGANISATION }));
      return true;
    },
  });
  const env = { ...place.env, ...variables, AWS_ENDPOINT_URL_BATCH: batch.url };
  const { stderr, exitStatus } = await runTool(["build", "--aws-batch", place.directory], {
    env,
    cwd: place.home,
  });
  expect(exitStatus).toBe(1);
  expect(stderr).toContain(`AWS says: “${BY_ORGANISATION}”.`);
  expect(stderr).toContain("the administrator of your organisation in AWS Organizations");
  expect(stderr).not.toContain("for the permission");
});
