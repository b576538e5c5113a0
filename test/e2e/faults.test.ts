import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RegisterJobDefinitionCommand } from "@aws-sdk/client-batch";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { statusOf } from "../support/control.ts";
import { useFaults } from "../support/faults.ts";
import { have } from "../support/have.ts";
import { localClients } from "../support/local-clients.ts";
import { jobIdOf, startTool, type ToolResult } from "../support/run-tool.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { rotatingKeys } from "../support/users.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** What a build says and does under faults that it can't end right under, or not with its whole log: the others are in the soak. */
describe.skipIf(!(have("zip") && have("unzip")))("a build under faults (needs zip and unzip)", () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    await place.run("local-aws", "start");
  });
  afterAll(() => place[Symbol.asyncDispose]());
  beforeEach(() => rm(join(place.directory, "out.txt"), { force: true }));

  const misbehave = (...rules: object[]) => useFaults(place.env, rules);

  const status = () => statusOf(place.env);
  const applied = async () => (await status()).faults.rules.map((rule) => rule.applied);
  const linesOf = ({ stdout }: ToolResult) =>
    [...stdout.matchAll(/^\[batch\] \[.*?\] line (\d+)$/gm)].map((match) => Number(match[1]));
  const lastLine = ({ stdout }: ToolResult) => stdout.trimEnd().split("\n").at(-1) ?? "";
  const work = "echo line 1; sleep 30; echo line 2; echo out > out.txt";

  test("killed for memory: says so, and exits with the container's status", async () => {
    await misbehave({ fault: "out-of-memory", seconds: 1 });
    const result = await place.build(work);
    expect(result.exitStatus).toBe(137);
    expect(result.stdout).toMatch(
      /^Job FAILED after .* \(exited 137\)\nReason: OutOfMemoryError: Container killed due to memory usage$/m,
    );
  });

  test("an image that can't be pulled: says so, exits with 1, and misses no log", async () => {
    await misbehave({ fault: "cannot-pull", message: "manifest for nextstrain/base:none not found" });
    const result = await place.build(work);
    expect(result.exitStatus).toBe(1);
    expect(result.stdout).toMatch(
      /^Job FAILED.*\nReason: CannotPullContainerError: manifest for nextstrain\/base:none not found/m,
    );
    expect(`${result.stdout}${result.stderr}`).not.toMatch(/log can't be shown/);
  });

  test("a host that is lost, and no attempt left: says so, exits with 1, and shows the log as far as it came", async () => {
    await misbehave({ fault: "spot-reclaim", seconds: 5 });
    const result = await place.build(work);
    expect(result.exitStatus).toBe(1);
    expect(result.stdout).toMatch(/^Job FAILED.*\nReason: Host EC2 \(instance i-\w+\) terminated\.$/m);
    expect(linesOf(result)).toEqual([1]);
  });

  test("a host that is lost, and one attempt more: says why before that one's log", async () => {
    await using clients = await localClients(place.env);
    await clients.batch.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: "retrying",
        type: "container",
        retryStrategy: { attempts: 2 },
        containerProperties: {
          image: "nextstrain/base",
          command: [],
          resourceRequirements: [
            { type: "VCPU", value: "1" },
            { type: "MEMORY", value: "512" },
          ],
        },
      }),
    );
    await misbehave({ fault: "spot-reclaim", attempt: 1, seconds: 1 });
    const script =
      "echo this is attempt $AWS_BATCH_JOB_ATTEMPT; if [ $AWS_BATCH_JOB_ATTEMPT = 1 ]; then sleep 60; fi";
    const result = await place.build(script, "--aws-batch-job", "retrying");
    expect(result.exitStatus).toBe(0);
    expect(result.stdout).toMatch(
      /^Attempt 2 of 2, after a Spot reclaim: “Host EC2 \(instance i-\w+\) terminated”\n[\s\S]*\] this is attempt 2\n/m,
    );
  });

  test("a job without capacity waits in RUNNABLE, and can be cancelled there", async () => {
    await misbehave({ fault: "no-capacity" });
    const build = place.startBuild(work);
    await build.seen(/^Job now RUNNABLE$/m);
    const cancelled = await place.run(
      ...["build", "--aws-batch", "--local-aws", "--attach", jobIdOf(build.said()), "--cancel"],
    );
    expect(cancelled.exitStatus).toBe(0);
    const result = await build.ended;
    expect(result.exitStatus).toBe(1);
    expect(result.stdout).toMatch(/^Job FAILED\nReason: Cancelled by the user\.$/m);
    expect(result.stdout).not.toMatch(/^Job now (STARTING|RUNNING)/m);
  });

  test("lost lines are missing, and nothing else", async () => {
    await misbehave({ fault: "lost-lines", probability: 0.2 });
    const script = "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; done; echo out > out.txt";
    const result = await place.build(script);
    expect(result.exitStatus).toBe(0);
    const lines = linesOf(result);
    expect(lines.length).toBeGreaterThan(180);
    expect(lines.length).toBeLessThan(290);
    expect(lines).toEqual([...new Set(lines)].toSorted((a, b) => a - b));
    expect(await place.read("out.txt")).toBe("out\n");
  });

  test("a stream that never comes to be is told of; the results come all the same", async () => {
    await misbehave({ fault: "lost-stream" });
    const result = await place.build("echo line 1; echo out > out.txt");
    expect(result.exitStatus).toBe(0);
    expect(result.stderr).toMatch(
      /^Warning: The job's log can't be shown: CloudWatch Logs has no stream of it in the log group \/aws\/batch\/job\./m,
    );
    expect(linesOf(result)).toEqual([]);
    expect(await place.read("out.txt")).toBe("out\n");
  });

  test("an upload whose last answer is lost, as the key expires: what was made of it is found with a new key", async () => {
    await using fresh = await workplace();
    await writeFile(join(fresh.directory, "large.bin"), randomBytes(24 * 2 ** 20));
    await fresh.run("local-aws", "start");
    await using keys = await rotatingKeys(fresh);
    await useFaults(fresh.env, [
      { fault: "latency", ms: 500, service: "s3", from: "user" },
      { fault: "cut", at: "after", operation: "CompleteMultipartUpload", count: 1 },
      // The only look at an object before the job is there.
      { fault: "expired-credentials", service: "s3", operation: "GetObject", from: "user", count: 1 },
    ]);
    const running = startTool(
      ["build", "--aws-batch", "--exec", "sh", fresh.directory, "-c", "echo out > out.txt"],
      { env: keys.env, cwd: fresh.home },
    );
    await running.seen(/^Uploading /m);
    await keys.renew();
    const result = await running.ended;
    expect(`${result.exitStatus} ${result.stderr}`).toBe("0 ");
    expect(await fresh.read("out.txt")).toBe("out\n");
    const { faults } = await statusOf(fresh.env);
    expect(faults.rules.slice(1).map(({ applied }) => applied)).toEqual([1, 1]);
  });

  describe("credentials that expire in the middle of it", () => {
    const wait = () => join(place.flags, "go-on");
    const script = () =>
      `echo line 1; until [ -e '${wait()}' ]; do sleep 0.1; done; echo line 2; echo out > out.txt`;
    const start = (env: Record<string, string>, ...options: string[]) =>
      startTool(["build", "--aws-batch", ...options, "--exec", "sh", place.directory, "-c", script()], {
        env,
        cwd: place.home,
      });
    const expiring = (after: number) =>
      ["batch", "logs", "s3"].map((service) => ({
        fault: "expired-credentials",
        ...{ service, from: "user", seconds: after },
      }));
    beforeEach(() => rm(wait(), { force: true }));

    test("and are renewed there and then: the build does not notice", async () => {
      await using keys = await rotatingKeys(place, 3_000);
      await misbehave(...expiring(3));
      const build = start(keys.env);
      await build.seen(/line 1$/m);
      while (!(await applied()).slice(0, 2).every((times) => times > 0)) {
        await sleep(100);
      }
      await writeFile(wait(), "");
      const result = await build.ended;
      expect(`${result.exitStatus} ${result.stderr}`).toBe("0 ");
      expect(linesOf(result)).toEqual([1, 2]);
      expect(await place.read("out.txt")).toBe("out\n");
    });

    test("and are renewed later: says so once, waits, and goes on", async () => {
      await using keys = await rotatingKeys(place);
      await misbehave();
      const build = start(keys.env);
      await build.seen(/line 1$/m);
      await misbehave(...expiring(0));
      await build.seen(/AWS no longer accepts the credentials in use .* Renew them/);
      await misbehave();
      await build.seen(/AWS can be reached again/);
      await writeFile(wait(), "");
      const result = await build.ended;
      expect(result.exitStatus).toBe(0);
      expect(result.stderr.match(/no longer accepts/g)).toHaveLength(1);
      expect(linesOf(result)).toEqual([1, 2]);
    });

    test("and are not: ends with what takes the job up again, and the job goes on", async () => {
      await using keys = await rotatingKeys(place);
      await misbehave();
      const build = start({ ...keys.env, NEXTSTRAIN_AWS_BATCH_PATIENCE: "0.03" });
      await build.seen(/line 1$/m);
      await misbehave(...expiring(0));
      const left = await build.ended;
      expect(left.exitStatus).toBe(1);
      expect(left.stderr).toMatch(/^Error: The AWS credentials have not been accepted for 1\.8 seconds: /m);
      const command = lastLine(left);
      expect(command).toContain(`--attach ${jobIdOf(left)} ${place.directory}`);
      await keys.renew();
      await misbehave();
      await writeFile(wait(), "");
      const again = await startTool(command.replace(/^.*nextstrain /, "").split(" "), {
        ...{ env: keys.env, cwd: place.home },
      }).ended;
      expect(again.exitStatus).toBe(0);
      expect(linesOf(again)).toEqual([1, 2]);
      expect(await place.read("out.txt")).toBe("out\n");
    });

    test("while it is suspended, as tokens of the log do, and connections end: every line is there, once", async () => {
      const life = 8;
      await using keys = await rotatingKeys(place);
      await using proxy = await startTcpProxy(Number(new URL(keys.env.AWS_ENDPOINT_URL ?? "").port));
      await misbehave(...expiring(life), { fault: "expired-tokens", seconds: 2 });
      const build = start({ ...keys.env, AWS_ENDPOINT_URL: `http://127.0.0.1:${proxy.port}` });
      await build.seen(/line 1$/m);
      build.child.kill("SIGSTOP");
      const stopped = Date.now();
      await keys.renew();
      await writeFile(wait(), "");
      while ((await status()).livingJobs > 0 || Date.now() - stopped < life * 1_000) {
        // The job ends, and all that was given to the suspended program grows old.
        await sleep(100);
      }
      await proxy.cut();
      await proxy.mend();
      build.child.kill("SIGCONT");
      const result = await build.ended;
      expect(`${result.exitStatus} ${result.stderr}`).toBe("0 ");
      expect(linesOf(result)).toEqual([1, 2]);
      expect(await place.read("out.txt")).toBe("out\n");
      // The key, which whoever meets its end first renews for all, and the token.
      const [token, ...keysMet] = (await applied()).toReversed();
      expect(token).toBeGreaterThan(0);
      expect(keysMet.some((times) => times > 0)).toBe(true);
    });

    test("and came from the environment: ends at once, and says why", async () => {
      await using keys = await rotatingKeys(place);
      await misbehave();
      const { id, secret } = keys.key();
      const env = { ...keys.env, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret };
      const build = start(env, "--env", "NOTHING=1");
      await build.seen(/line 1$/m);
      await misbehave(...expiring(0));
      const left = await build.ended;
      expect(left.exitStatus).toBe(1);
      expect(left.stderr).toMatch(/no longer accepted\.\n.*environment variables/s);
      expect(lastLine(left)).toContain(`--attach ${jobIdOf(left)}`);
      expect(`${left.stdout}${left.stderr}`).not.toContain(secret);
      await writeFile(wait(), "");
    });
  });
});
