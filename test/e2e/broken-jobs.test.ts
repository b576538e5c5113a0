import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  RegisterJobDefinitionCommand,
  TerminateJobCommand,
  UpdateComputeEnvironmentCommand,
} from "@aws-sdk/client-batch";
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { statusOf } from "../support/control.ts";
import { useFaults } from "../support/faults.ts";
import { localEnvironment } from "../support/front.ts";
import { have } from "../support/have.ts";
import { type LocalClients, localClients } from "../support/local-clients.ts";
import { jobIdOf, type RunningTool, runTool, startTool, type ToolResult } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const ENVIRONMENT = "nextstrain-compute-environment";
const ROLE = "NextstrainJobsRole";
const policies = new URL("../fixtures/policies/", import.meta.url);

/** A build that runs, with what it has printed so far. */
function follow(build: RunningTool) {
  let stdout = "";
  build.child.stdout?.on("data", (text: string) => {
    stdout += text;
  });
  return {
    async jobId(): Promise<string> {
      await build.seen(/^AWS Batch Job ID: \S+$/m);
      return jobIdOf({ stdout });
    },
    runId: () => /^Nextstrain Run ID: (\S+)$/m.exec(stdout)?.[1] ?? "",
  };
}

/** A file that nobody may read, root neither: the kernel only takes what is written to it. */
const SECRET = "/sys/bus/cpu/drivers_probe";

function canRead(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    // What isn't there can be no link's target either.
    return !existsSync(path);
  }
}

/** What was told, and what to do, each in a line. */
const told = ({ stderr }: Pick<ToolResult, "stderr">) => ({
  why: [...stderr.matchAll(/^(?:Why the job failed|The job waits): (.*)$/gm)].map(([, words]) => words),
  next: [...stderr.matchAll(/^What to do: (.*)$/gm)].map(([, words]) => words),
});

describe.skipIf(!(have("zip") && have("unzip")))("jobs with one thing wrong (needs zip and unzip)", () => {
  let place: Workplace;
  let clients: LocalClients;
  let exports: Record<string, string>;

  beforeAll(async () => {
    place = await workplace();
    await place.write("Snakefile", "");
    await place.write("script", "echo hello");
    exports = (await localEnvironment(place)).variables;
    clients = await localClients(place.env);
  });
  afterAll(async () => {
    await clients[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });
  afterEach(() => misbehave());

  /** Has local AWS do this wrong from now on, and nothing else. */
  const misbehave = (...rules: object[]) => useFaults(place.env, rules);

  /** One thing is told, and one next step; the exit status is the job's own. */
  function expectTold(result: ToolResult, why: RegExp, next: RegExp): void {
    const { why: reasons, next: steps } = told(result);
    expect(reasons).toEqual([expect.stringMatching(why)]);
    expect(steps).toEqual([expect.stringMatching(next)]);
  }

  describe("failed", () => {
    test.each<[string, object, RegExp, RegExp]>([
      [
        "killed for memory",
        { fault: "out-of-memory" },
        /used more memory than it was given \(\d+ MiB\)/,
        /--memory \d+mib/,
      ],
      [
        "image not there",
        { fault: "cannot-pull" },
        /The image nextstrain\/base:latest could not be fetched: there is none of that name and tag/,
        /https:\/\/hub\.docker\.com\/r\/nextstrain\/base\/tags.*--image.*job definition nextstrain-job:\d+/,
      ],
      [
        "image not to be had for now",
        {
          fault: "cannot-pull",
          message: "unexpected status code 429 Too Many Requests - Server message: toomanyrequests",
        },
        /allows no more downloads for now/,
        /in an hour/,
      ],
      [
        "disk full while the image is fetched",
        {
          fault: "cannot-pull",
          message: "failed to register layer: write /usr/lib/x: no space left on device",
        },
        /disk of the computer .* was full/,
        /space on this computer's disk/,
      ],
      [
        "registry out of reach",
        { fault: "cannot-pull", message: "dial tcp 3.5.0.1:443: i/o timeout" },
        /could not reach/,
        /public IP addresses, or have a NAT gateway/,
      ],
      [
        "no image for builds",
        {
          fault: "cannot-start",
          message:
            'CannotStartContainerError: Error response from daemon: OCI runtime create failed: exec: "/sbin/entrypoint-aws-batch": stat /sbin/entrypoint-aws-batch: no such file or directory',
        },
        /lacks the program that Nextstrain's jobs begin with/,
        /nextstrain\/base.*--image/,
      ],
      ["Docker too slow", { fault: "cannot-start" }, /too slow .*\(it took more than 4m0s\)/, /--disk nvme/],
      ["computer taken away", { fault: "spot-reclaim" }, /was taken away/, /Build again/],
      ["time limit", { fault: "time-limit" }, /time limit of 4 hours/, /more --cpus/],
    ])("%s", async (_, fault, why, next) => {
      await misbehave(fault);
      // Without the log, whose end a job that was killed doesn't show: it would be waited for.
      const result = await place.build("sleep 30", "--no-logs");
      expect(result.exitStatus).not.toBe(0);
      expectTold(result, why, next);
    });

    // Nothing is wrong with local AWS in these: they are built at once.
    test.concurrent("a program that is not there: it is named", async () => {
      const result = await place.build("no-such-program");
      expect(result.exitStatus).toBe(127);
      expectTold(result, /^Exit status 127 says .*not found in the job: sh/, /on the PATH/);
    });

    test.concurrent("a program that can't be run", async () => {
      const result = await place.build("./script");
      expect(result.exitStatus).toBe(126);
      expectTold(result, /^Exit status 126/, /chmod \+x/);
    });

    test.concurrent("a disk that fills up while the program runs", async () => {
      const result = await place.build("echo 'OSError: [Errno 28] No space left on device' >&2; exit 1");
      expect(result.exitStatus).toBe(1);
      expectTold(result, /disk .* was full/, /space/);
    });

    test.concurrent("a program that gets no memory, also where the log was not shown", async () => {
      const script = "yes | head -500; echo 'MemoryError' >&2; exit 1";
      const builds = [[], ["--no-logs"]].map((options) => place.build(script, ...options));
      for (const result of await Promise.all(builds)) {
        expectTold(result, /ran out of memory; the log says “MemoryError”. The job had \d+ MiB/, /--memory/);
      }
    });

    test.concurrent("killed, and nobody says why", async () => {
      const result = await place.build("kill -9 $$");
      expect(result.exitStatus).toBe(137);
      expectTold(result, /exit status 137.*most likely it used more memory/, /--memory \d+mib/);
    });

    test("stopped by somebody else", async () => {
      const build = place.startBuild("echo started; sleep 60");
      const jobId = await follow(build).jobId();
      // Before that, the image's entrypoint ignores SIGTERM.
      await build.seen(/\] started$/m);
      await clients.batch.send(new TerminateJobCommand({ jobId, reason: "Too expensive" }));
      expectTold(
        await build.ended,
        /stopped on request; the reason given is “Too expensive”/,
        /Build again to go on from there/,
      );
    });

    test.each([
      ["the directory", ".zip", /What was uploaded was not in the bucket any more/],
      ["the variables", "-env.d.zip", /environment variables were not in the bucket any more/],
    ])("%s deleted from the bucket before the job begins", async (_, suffix, why) => {
      await misbehave({ fault: "no-capacity" });
      const build = place.startBuild("true", "--env", "A=1", "--no-logs");
      const { jobId, runId } = follow(build);
      await jobId();
      await clients.s3.send(
        new DeleteObjectCommand({ Bucket: "nextstrain-jobs", Key: `${runId()}${suffix}` }),
      );
      await misbehave();
      // Whatever changes has the queue looked at again.
      await clients.batch.send(
        new UpdateComputeEnvironmentCommand({ computeEnvironment: ENVIRONMENT, state: "ENABLED" }),
      );
      const result = await build.ended;
      expect(told(result).why.at(-1)).toMatch(why);
      expect(told(result).next.at(-1)).toMatch(/Build again/);
    });

    test("variables that a first attempt has deleted", async () => {
      await clients.batch.send(
        new RegisterJobDefinitionCommand({
          jobDefinitionName: "twice",
          type: "container",
          retryStrategy: { attempts: 2 },
          containerProperties: {
            image: "nextstrain/base",
            command: [],
            environment: [{ name: "NEXTSTRAIN_DELETE_ENVD", value: "1" }],
            resourceRequirements: [
              { type: "VCPU", value: "1" },
              { type: "MEMORY", value: "512" },
            ],
          },
        }),
      );
      const result = await place.build("exit 1", "--env", "A=1", "--aws-batch-job", "twice");
      expectTold(result, /first attempt deleted them/, /job definition twice:1 a single attempt/);
    });

    test.skipIf(canRead(SECRET))(
      `results that can't be packed: the file is named (needs a user who can't read ${SECRET})`,
      async () => {
        const script = `ln -s ${SECRET} private.txt; echo made > made.txt`;
        const args = ["build", "--aws-batch", "--local-aws", "--exec", "sh", place.directory, "-c", script];
        const env = { ...place.env, NEXTSTRAIN_AWS_BATCH_GRACEFUL_STOP: "off" };
        const result = await runTool(args, { env, cwd: place.home });
        expect(result.exitStatus).toBe(18);
        expectTold(result, /could not be packed.*“private\.txt”/, /chmod u\+r/);
        // By default, it costs that file alone.
        const wrapped = await place.build(script);
        expect(wrapped.exitStatus).toBe(0);
        expect(wrapped.stdout).toContain("could not read are left out of the results.");
        expect(await place.read("made.txt")).toBe("made\n");
      },
    );

    describe("a role that may not", () => {
      let iam: IAMClient;
      const allow = (actions: readonly string[]) =>
        JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }],
        });
      const PolicyName = "NextstrainJobsAccessToBucket";
      const policy = new URL(`../fixtures/policies/${PolicyName}.json`, import.meta.url);
      beforeAll(async () => {
        iam = iamClient(exports);
        await iam.send(new DeleteRolePolicyCommand({ RoleName: ROLE, PolicyName }));
      });
      afterAll(async () => {
        const PolicyDocument = await readFile(policy, "utf8");
        await iam.send(new PutRolePolicyCommand({ RoleName: ROLE, PolicyName, PolicyDocument }));
        iam.destroy();
      });

      test("read the bucket", async () => {
        const result = await place.build("true");
        expectTold(
          result,
          /may not read the bucket nextstrain-jobs: its role NextstrainJobsRole.*s3:GetObject/,
          /NextstrainJobsAccessToBucket/,
        );
      });

      test("write to the bucket", async () => {
        await iam.send(
          new PutRolePolicyCommand({
            ...{ RoleName: ROLE, PolicyName },
            PolicyDocument: allow(["s3:GetObject", "s3:ListBucket"]),
          }),
        );
        const result = await place.build("true", "--no-logs");
        expectTold(
          result,
          /may not write to the bucket nextstrain-jobs: its role NextstrainJobsRole.*s3:PutObject/,
          /NextstrainJobsAccessToBucket/,
        );
      });
    });

    test.concurrent.each([
      "exit 3",
      "exit 1",
      "echo 'ERROR: no such strain' >&2; exit 2",
      "exit 137 & wait $!; exit 255",
    ])(
      "of a program that ends by itself, its exit status and its last lines are told: %s",
      async (script) => {
        const result = await place.build(`echo nearly; echo the end; ${script}`);
        expect(result.exitStatus).toBeGreaterThan(0);
        expectTold(
          result,
          new RegExp(`^The program sh ended with exit status ${result.exitStatus}\\.$`),
          /log/,
        );
        expect(result.stderr).toMatch(/^The job's own log ends with:\n {4}nearly\n {4}the end\n/m);
        expect(result.stderr).not.toMatch(/^ *\+ |adding:/m);
      },
    );
  });

  describe("waiting", () => {
    /** A build that is told why it waits is cancelled; what it was told. */
    async function waitAndCancel(build: RunningTool, why: RegExp): Promise<ToolResult> {
      await build.seen(why);
      build.child.kill("SIGINT");
      const result = await build.ended;
      expect(result.exitStatus).toBe(130);
      expect(result.stdout).toMatch(/^Job now RUNNABLE$/m);
      return result;
    }

    test("too much memory", async () => {
      const build = place.startBuild("true", "--aws-batch-memory", "99999999");
      const result = await waitAndCancel(build, /^The job waits/m);
      expectTold(
        result,
        /more than any computer of the queue nextstrain-job-queue can give: \d+ vCPUs \(cores\) and 99999999 MiB.*wait for ever/,
        /--attach \S+ --cancel.*--memory/,
      );
    });

    test("no computer free", async () => {
      await misbehave({ fault: "no-capacity" });
      const result = await waitAndCancel(place.startBuild("true"), /^The job waits/m);
      expectTold(result, /AWS has none of the computers free/, /Wait/);
    });

    test.each([
      [
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - Batch service role has a permission issue.",
        /service role\) lacks permissions/,
        /AWSBatchServiceRole/,
      ],
      [
        "ACTION_REQUIRED - CE(s) associated with the job queue are invalid.",
        /queue nextstrain-job-queue.*is broken/,
        /Compute environments.*setup aws-batch --force/,
      ],
      [
        "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED - c9.huge",
        /can't be had as they are set up.*c9\.huge/,
        /--instance-types/,
      ],
      ["UNDETERMINED - Batch job is blocked, root cause is undetermined.", /can't tell why/, /check-setup/],
    ])("%s", async (message, why, next) => {
      await misbehave({ fault: "no-capacity", message });
      const result = await waitAndCancel(place.startBuild("true"), /^The job waits/m);
      expectTold(result, why, next);
    });

    test("its compute environment disabled: told anew, since the answer is another", async () => {
      const update = (state: "ENABLED" | "DISABLED") =>
        clients.batch.send(new UpdateComputeEnvironmentCommand({ computeEnvironment: ENVIRONMENT, state }));
      await misbehave({ fault: "no-capacity" });
      const build = place.startBuild("true");
      await build.seen(/none of the computers free/);
      let result: ToolResult;
      try {
        await update("DISABLED");
        await build.seen(/is disabled/);
        // Before it is enabled again, which could be told, too.
        build.child.kill("SIGINT");
        result = await build.ended;
      } finally {
        await update("ENABLED");
      }
      expect(told(result).why).toHaveLength(2);
      expect(told(result).next.at(-1)).toBe(
        `Enable it: (eval "$(nextstrain local-aws env)"; aws batch update-compute-environment --compute-environment ${ENVIRONMENT} --state ENABLED)`,
      );
    });

    test("ended by its queue: told what it waited for, also by --attach later", async () => {
      await misbehave({ fault: "no-capacity" });
      const build = place.startBuild("true");
      const jobId = await follow(build).jobId();
      await build.seen(/^The job waits/m);
      await clients.batch.send(
        new TerminateJobCommand({
          jobId,
          reason:
            "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        }),
      );
      const result = await build.ended;
      const why = /never started: its queue nextstrain-job-queue is set to end jobs that can't. AWS has none/;
      expect(told(result).why.at(-1)).toMatch(why);
      const later = await place.run(
        ...["build", "--aws-batch", "--local-aws", "--attach", jobId, "--no-download"],
      );
      expect(later.exitStatus).toBe(1);
      expectTold(later, why, /Build again later/);
    });

    test("under the guide's policies: at most one request is denied, and the answer is good all the same", async () => {
      const iam = iamClient(exports);
      const keys = await userWithGuidesPolicies(iam);
      iam.destroy();
      await misbehave({ fault: "no-capacity" });
      const env = { ...place.env, ...exports, ...keys };
      const args = ["build", "--aws-batch", "--exec", "sh", place.directory, "-c", "true"];
      const before = await environmentRequests();
      const build = startTool(args, { env, cwd: place.home });
      await build.seen(/^Job now RUNNABLE/m);
      const preflight = (await environmentRequests()) - before;
      await build.seen(/^The job waits/m);
      // A second answer needs a second look.
      await misbehave({ fault: "no-capacity", message: "UNDETERMINED - Batch job is blocked." });
      await clients.batch.send(
        new UpdateComputeEnvironmentCommand({ computeEnvironment: ENVIRONMENT, state: "ENABLED" }),
      );
      await build.seen(/lack the permission batch:DescribeComputeEnvironments/);
      build.child.kill("SIGINT");
      const result = await build.ended;
      expect(told(result).why[0]).toMatch(/AWS has none of the computers free/);
      expect((await environmentRequests()) - before - preflight).toBeLessThanOrEqual(1);
    });
  });

  async function environmentRequests(): Promise<number> {
    const { requests } = await statusOf(place.env);
    return requests.batch?.DescribeComputeEnvironments ?? 0;
  }
});

/** A workflow whose rule fails in a directory below the build root, and has a log of 30 lines. */
const FAILING = `
rule all:
    input: "results/tree.txt", "results/other.txt"
rule tree:
    output: "results/tree.txt"
    log: "logs/tree.txt"
    shell: "(for i in $(seq 1 30); do echo step $i; done; printf 'the alignment is \\\\033[31mempty\\\\n'; exit 3) > {log} 2>&1"
rule other:
    output: "results/other.txt"
    shell: "touch {output}"
`;

describe.skipIf(!["zip", "unzip", "snakemake"].every(have))(
  "a Snakemake workflow that fails (needs zip, unzip and snakemake)",
  () => {
    test("shows the rule and the end of its log: after the build, without a download, and in another directory", async () => {
      await using place = await workplace();
      await place.write("nextstrain-pathogen.yaml", "");
      await place.write("phylogenetic/Snakefile", FAILING);
      // What lies there from before is not the job's.
      await place.write("phylogenetic/logs/tree.txt", "an older log\n");
      const workflow = join(place.directory, "phylogenetic");
      const batch = ["build", "--aws-batch", "--local-aws"];
      const expectRule = (result: ToolResult) => {
        expect(result.exitStatus).toBe(1);
        expect(told(result).why).toEqual(["The rule tree of the workflow failed."]);
        const lines = result.stderr.split("\n");
        const start = lines.indexOf("The log of rule tree ('logs/tree.txt') ends with:");
        const steps = Array.from({ length: 19 }, (_, index) => `    step ${index + 12}`);
        expect(lines.slice(start + 1, start + 21)).toEqual([...steps, "    the alignment is empty"]);
        // Where the job's log was not shown, its end is.
        const hidden = lines.indexOf("The job's own log ends with:");
        expect(hidden === -1).toBe(/^\[batch\] /m.test(result.stdout));
        if (hidden !== -1) expect(lines.slice(hidden, hidden + 20).join("\n")).toMatch(/Error in rule tree:/);
        expect(lines.at(-2)).toMatch(/^What to do: /);
      };

      const first = await place.run(...batch, "--no-download", workflow);
      expectRule(first);
      expect(await place.read("phylogenetic/logs/tree.txt")).toBe("an older log\n");

      const jobId = jobIdOf(first);
      await using other = await tempDir();
      const elsewhere = await runTool([...batch, "--attach", jobId, other.path], { env: place.env });
      expectRule(elsewhere);
      expectRule(await place.run(...batch, "--attach", jobId, "--no-download", "--no-logs"));

      expectRule(await place.run(...batch, workflow));
      expect(await place.read("phylogenetic/logs/tree.txt")).toMatch(/empty\n$/);
    });
  },
);

function iamClient(env: Readonly<Record<string, string>>): IAMClient {
  const { AWS_ENDPOINT_URL: endpoint = "", AWS_ACCESS_KEY_ID: accessKeyId = "" } = env;
  const credentials = { accessKeyId, secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? "" };
  return new IAMClient({ endpoint, region: "us-east-1", credentials });
}

/** Keys of a user who may do what the guide's three policies say. */
async function userWithGuidesPolicies(iam: IAMClient): Promise<Record<string, string>> {
  const UserName = "scientist";
  await iam.send(new CreateUserCommand({ UserName }));
  for (const part of ["Batch", "Bucket", "Logs"]) {
    const PolicyName = `NextstrainJobsAccessTo${part}`;
    const PolicyDocument = await readFile(new URL(`${PolicyName}.json`, policies), "utf8");
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument }));
    await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: Policy?.Arn }));
  }
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return {
    AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? "",
    AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? "",
  };
}
