import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BatchClient,
  DescribeComputeEnvironmentsCommand,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
} from "@aws-sdk/client-batch";
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { AddUserToGroupCommand, CreateRoleCommand, CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { havePythonMoto, startStackMoto } from "../support/moto.ts";
import { cleanEnvironment, runTool } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";
import { startInTerminal } from "../support/terminal.ts";

const ACCOUNT = "123456789012";
const BUCKET = `nextstrain-jobs-${ACCOUNT}`;

describe.skipIf(!havePythonMoto())(
  "nextstrain setup aws-batch, on a mock of AWS (needs python3 with moto)",
  () => {
    let moto: Awaited<ReturnType<typeof startStackMoto>>;
    let clients: ReturnType<typeof clientsOf>;
    let isEmpty = true;
    beforeAll(async () => {
      moto = await startStackMoto();
      clients = clientsOf(moto.endpoint);
    });
    beforeEach(async () => {
      // It takes seconds.
      if (!isEmpty) await fetch(`${moto.endpoint}/moto-api/reset`, { method: "POST" });
      isEmpty = false;
    });
    afterAll(async () => {
      for (const client of Object.values(clients)) client.destroy();
      await moto[Symbol.asyncDispose]();
    });

    async function administrator() {
      const home = await tempDir();
      const configFile = join(home.path, ".nextstrain", "config");
      const env = {
        ...cleanEnvironment(home.path),
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        AWS_ENDPOINT_URL: moto.endpoint,
      };
      const setup = (...args: string[]) => runTool(["setup", "aws-batch", ...args], { env, cwd: home.path });
      return {
        home: home.path,
        env,
        setup,
        configFile,
        [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
      };
    }

    const stackStates = async () => {
      const { Stacks = [] } = await clients.cloudFormation.send(new DescribeStacksCommand({}));
      return Stacks.map(({ StackName, StackStatus }) => `${StackName} ${StackStatus}`);
    };
    const bucketNames = async () => {
      const { Buckets = [] } = await clients.s3.send(new ListBucketsCommand({}));
      return Buckets.map(({ Name }) => Name);
    };
    const logGroups = async () => {
      const { logGroups: groups = [] } = await clients.logs.send(new DescribeLogGroupsCommand({}));
      return groups.map(
        ({ logGroupName, retentionInDays }) => `${logGroupName} ${retentionInDays ?? "ever"}`,
      );
    };
    const expectNothing = async () => {
      expect([await stackStates(), await bucketNames(), await logGroups()]).toEqual([[], [], []]);
      isEmpty = true;
    };
    const environments = async () => {
      const { computeEnvironments = [] } = await clients.batch.send(
        new DescribeComputeEnvironmentsCommand({}),
      );
      return computeEnvironments.map(({ computeResources }) => computeResources?.maxvCpus);
    };

    test("makes all that builds need, writes the config file, and a build finds it", async () => {
      await using admin = await administrator();
      await mkdir(join(admin.home, ".nextstrain"));
      await writeFile(admin.configFile, "# mine\n[aws-batch]\ncpus = 8\n");
      const { stdout, stderr, exitStatus } = await admin.setup(
        "--yes",
        "--set-default",
        "--aws-batch-queue",
        "lab-queue",
      );
      expect([stderr, exitStatus]).toEqual(["", 0]);
      expect(stdout).toContain("15 resources to create:\n  + create  S3 bucket            Bucket\n");
      expect(stdout).toContain(`✔ created  S3 bucket            Bucket (${BUCKET})`);
      expect(stdout).toMatch(/^✔ created {2}job queue {12}JobQueue \(lab-queue\)/m);
      expect(stdout).toMatch(/put their IAM users into the group nextstrain-batch-JobsGroup-/);
      expect(await readFile(admin.configFile, "utf8")).toBe(
        `# mine\n[aws-batch]\ncpus = 8\ns3-bucket = ${BUCKET}\nqueue = lab-queue\n\n[core]\nrunner = aws-batch\n`,
      );

      expect(await stackStates()).toEqual(["nextstrain-batch CREATE_COMPLETE"]);
      expect(await bucketNames()).toEqual([BUCKET]);
      expect(await logGroups()).toEqual(["/aws/batch/job 30"]);
      const { jobQueues = [] } = await clients.batch.send(new DescribeJobQueuesCommand({}));
      expect(jobQueues.map(({ jobQueueName }) => jobQueueName)).toEqual(["lab-queue"]);
      const { jobDefinitions = [] } = await clients.batch.send(new DescribeJobDefinitionsCommand({}));
      expect(jobDefinitions).toMatchObject([
        { jobDefinitionName: "nextstrain-job", timeout: { attemptDurationSeconds: 14_400 } },
      ]);

      const directory = join(admin.home, "build");
      await mkdir(directory);
      await writeFile(join(directory, "Snakefile"), "");
      const build = await runTool(["build", "--detach", directory], { env: admin.env });
      expect(build.stdout).toMatch(/^AWS Batch Job ID: [0-9a-f-]{36}$/m);
      expect(build.stdout).toContain(`uploaded: s3://${BUCKET}/`);
    });

    test("--tag tags the stack, and by the config file the jobs; other tags for its queue are refused", async () => {
      await using admin = await administrator();
      const made = await admin.setup("--yes", "--tag", "project=zika", "--tag", "owner=a lab");
      expect([made.stderr, made.exitStatus]).toEqual(["", 0]);
      const { Stacks = [] } = await clients.cloudFormation.send(new DescribeStacksCommand({}));
      expect(Stacks[0]?.Tags).toEqual([
        { Key: "project", Value: "zika" },
        { Key: "owner", Value: "a lab" },
      ]);
      expect(await readFile(admin.configFile, "utf8")).toContain("\ntags = project=zika, owner=a lab\n");
      const other = await admin.setup("--yes", "--tag", "project=ebola");
      expect(other.stderr).toMatch(
        /^Error: AWS can't change the tags of a job queue .*\n.*--aws-batch-queue NAME/,
      );
      expect(other.exitStatus).toBe(1);
    });

    test("run again, nothing changes; options change what they say, in place, and keep the rest", async () => {
      await using admin = await administrator();
      await admin.setup("--yes", "--disk-size", "500", "--max-vcpus", "64");
      const again = await admin.setup("--yes");
      expect(again.exitStatus).toBe(0);
      expect(again.stdout).toContain("Nothing is to be changed: all of it is as asked for.");

      const changed = await admin.setup("--yes", "--max-vcpus", "512");
      expect(changed.stdout).toContain(
        "1 resource to change:\n  ~ change  compute environment  ComputeEnvironment\n",
      );
      expect(changed.stdout).toContain("✔ changed  compute environment  ComputeEnvironment");
      expect(changed.exitStatus).toBe(0);
      expect(await environments()).toEqual([512]);
      const { Stacks: [stack] = [] } = await clients.cloudFormation.send(new DescribeStacksCommand({}));
      expect(stack?.Parameters).toContainEqual({ ParameterKey: "DiskSizeGib", ParameterValue: "500" });
    });

    test.each([[["setup", "aws-batch", "--dry-run"]], [["setup", "--dry-run", "aws-batch"]]])(
      "nextstrain %j shows it, and leaves nothing behind",
      async (args) => {
        await using admin = await administrator();
        const { stdout, exitStatus } = await runTool(args, { env: admin.env });
        expect(stdout).toContain("  + create  job queue            JobQueue\n");
        expect(stdout).toContain("Nothing was done (--dry-run).");
        expect(exitStatus).toBe(0);
        await expectNothing();
        await expect(readFile(admin.configFile)).rejects.toThrow("ENOENT");
      },
    );

    test("what somebody else has set up is only found, and made the default", async () => {
      await using admin = await administrator();
      await admin.setup("--yes", "--stack-name", "of-somebody-else");
      await using other = await administrator();
      await mkdir(join(other.home, ".nextstrain"));
      await writeFile(other.configFile, `[aws-batch]\ns3-bucket = ${BUCKET}\n`);
      const { stdout, exitStatus } = await runTool(["setup", "--set-default", "aws-batch"], {
        env: other.env,
      });
      expect(stdout).toContain("AWS Batch is set up already in us-east-1: bucket ");
      expect(exitStatus).toBe(0);
      expect(await readFile(other.configFile, "utf8")).toContain("runner = aws-batch");
      expect(await stackStates()).toHaveLength(1);
    });

    test("removes all but a bucket with files in it, which a later set-up adopts", async () => {
      await using admin = await administrator();
      await admin.setup("--yes");
      await clients.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: "results.zip", Body: "results" }));
      const { GroupName } = await groupOf(clients.cloudFormation);
      await clients.iam.send(new CreateUserCommand({ UserName: "ada" }));
      await clients.iam.send(new AddUserToGroupCommand({ GroupName, UserName: "ada" }));

      const removed = await admin.setup("--remove", "--yes");
      expect([removed.stderr, removed.exitStatus]).toEqual(["", 0]);
      expect(removed.stdout).toContain("These users lose what the group allows: ada");
      expect(removed.stdout).toContain(`The bucket ${BUCKET} stays, too, with all that is in it.`);
      expect([await stackStates(), await bucketNames()]).toEqual([[], [BUCKET]]);
      expect(await environments()).toEqual([]);
      expect(await logGroups()).toEqual(["/aws/batch/job 30"]);

      const refused = await admin.setup("--yes");
      expect([refused.exitStatus, await stackStates()]).toEqual([1, []]);
      expect(refused.stderr).toContain("--adopt");
      const adopted = await admin.setup("--yes", "--adopt");
      expect(adopted.exitStatus).toBe(0);
      expect(adopted.stdout).not.toContain("+ create  S3 bucket");
      await admin.setup("--remove", "--yes", "--delete-data");
      // It was not the stack's.
      expect([await stackStates(), await bucketNames()]).toEqual([[], [BUCKET]]);
    });

    test("--delete-data takes versions, delete markers and unfinished uploads with the bucket", async () => {
      await using admin = await administrator();
      await admin.setup("--yes");
      const Bucket = BUCKET;
      await clients.s3.send(
        new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
      );
      for (const Body of ["old", "new"])
        await clients.s3.send(new PutObjectCommand({ Bucket, Key: "a.zip", Body }));
      await clients.s3.send(new DeleteObjectCommand({ Bucket, Key: "a.zip" }));
      await clients.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "b.zip" }));

      const shown = await admin.setup("--remove", "--delete-data", "--dry-run");
      expect(shown.stdout).toContain(`  - remove  the bucket ${BUCKET} AND ALL THAT IS IN IT`);
      expect(await bucketNames()).toEqual([BUCKET]);
      const { stdout, exitStatus } = await admin.setup("--remove", "--delete-data", "--yes");
      expect(stdout).toContain(`✔ emptied  S3 bucket            ${BUCKET}: 3 objects`);
      expect([exitStatus, await stackStates(), await bucketNames()]).toEqual([0, [], []]);

      const nothing = await admin.setup("--remove", "--yes");
      expect(nothing.stdout).toBe(
        "There is no stack nextstrain-batch in us-east-1: nothing is to be removed.\n",
      );
    });

    test("a role of the account's is said to be there, and adopted when told to", async () => {
      await using admin = await administrator();
      await clients.iam.send(
        new CreateRoleCommand({
          RoleName: "NextstrainJobsRole",
          AssumeRolePolicyDocument: JSON.stringify({
            Version: "2012-10-17",
            Statement: [
              {
                Effect: "Allow",
                Principal: { Service: "ecs-tasks.amazonaws.com" },
                Action: "sts:AssumeRole",
              },
            ],
          }),
        }),
      );
      await clients.logs.send(new CreateLogGroupCommand({ logGroupName: "/aws/batch/job" }));
      const refused = await admin.setup("--yes");
      expect(refused.stdout).toContain("  the role NextstrainJobsRole\n");
      expect([refused.exitStatus, await stackStates()]).toEqual([1, []]);
      const { stdout, exitStatus } = await admin.setup("--yes", "--existing-job-role", "NextstrainJobsRole");
      expect(exitStatus).toBe(0);
      expect(stdout).toContain("14 resources to create");
      expect(await logGroups()).toEqual(["/aws/batch/job 30"]);
    });

    test("where nobody can be asked, it says so and does nothing", async () => {
      await using admin = await administrator();
      const { stderr, exitStatus } = await admin.setup();
      expect(stderr).toContain("Add --yes to agree to the plan, or --dry-run to see it.");
      expect([exitStatus, await stackStates()]).toEqual([1, []]);
    });

    test.each([
      [["--s3-bucket", "Lab"], 2],
      [["--timeout", "30"], 2],
      [["--disk-size", "10"], 2],
      [["--job-memory", "500gib"], 2],
      // Its disks are built in, but no NVMe.
      [["--disk", "nvme", "--instance-types", "x1e"], 2],
      [["--subnets", "subnet-0123abcd"], 1],
      [["--vpc", "vpc-0123abcd"], 1],
      [["--delete-data"], 2],
      [["--stack-name", "1 stack"], 2],
    ])("%j is refused in one message, and nothing is made", async (args, status) => {
      await using admin = await administrator();
      const { stderr, exitStatus } = await admin.setup("--yes", ...args);
      expect(exitStatus).toBe(status);
      expect(stderr).toMatch(/^Error: [^\n]+\n[^\n]+\n$/);
      await expectNothing();
    });

    describe("at a terminal", () => {
      test("asks for the bucket and for consent, and shows each resource as it is made", async () => {
        await using admin = await administrator();
        await clients.s3.send(new CreateBucketCommand({ Bucket: "somewhere-else" }));
        const run = startInTerminal(["setup", "aws-batch"], {
          env: admin.env,
          cwd: admin.home,
          columns: 100,
        });
        await run.seen(/Name of the S3 bucket/);
        await run.seen(new RegExp(BUCKET));
        run.type("-lab\r");
        await run.seen(/15 resources to create:/);
        await run.seen(/Create all this\?/);
        run.type("y");
        const { exitStatus, raw, settingsKept } = await run.ended;
        expect(raw).toContain(`✔ created  S3 bucket            Bucket (${BUCKET}-lab)`);
        expect([exitStatus, settingsKept]).toEqual([0, true]);
        expect(await stackStates()).toEqual(["nextstrain-batch CREATE_COMPLETE"]);
      });

      test.each([
        ["a no", "n", 1],
        ["Control-C", "\x03", 130],
      ])("%s to the plan leaves nothing behind", async (_, key, status) => {
        await using admin = await administrator();
        const run = startInTerminal(["setup", "aws-batch", "--s3-bucket", "lab-jobs"], {
          env: admin.env,
          cwd: admin.home,
        });
        await run.seen(/Create all this\?/);
        run.type(key);
        const { exitStatus, settingsKept } = await run.ended;
        expect([exitStatus, settingsKept]).toEqual([status, true]);
        await expectNothing();
      });
    });
  },
);

describe("nextstrain setup aws-batch, without an account", () => {
  test("--write-template writes the template, and replaces no file unless told to", async () => {
    await using place = await tempDir();
    const env = cleanEnvironment(place.path);
    const write = (...args: string[]) =>
      runTool(["setup", "aws-batch", "--write-template", "nextstrain.yaml", ...args], {
        env,
        cwd: place.path,
      });
    const written = await write();
    expect([written.stderr, written.exitStatus]).toEqual(["", 0]);
    const template = await readFile(join(place.path, "nextstrain.yaml"), "utf8");
    expect(template).toBe(
      await readFile(new URL("../../src/aws-setup/template.yaml", import.meta.url), "utf8"),
    );
    const again = await write();
    expect(again.exitStatus).toBe(1);
    expect(again.stderr).toContain("--force");
    expect((await write("--force")).exitStatus).toBe(0);
  });

  test("no credentials: one message says what to do", async () => {
    await using place = await tempDir();
    const env = { ...cleanEnvironment(place.path), AWS_EC2_METADATA_DISABLED: "true" };
    const { stderr, exitStatus } = await runTool(["setup", "aws-batch", "--yes"], { env });
    expect(exitStatus).toBe(1);
    expect(stderr).toMatch(/^Error: No AWS credentials were found\.\n/);
  });

  test.each([[["setup", "--help"]], [["setup", "aws-batch", "--help"]]])(
    "%j fits 80 columns",
    async (args) => {
      const { stdout, exitStatus } = await runTool(args, { env: cleanEnvironment("/nonexistent") });
      expect(exitStatus).toBe(0);
      expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );
});

function clientsOf(endpoint: string) {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const configuration = { endpoint, region: "us-east-1", credentials };
  return {
    s3: new S3Client({ ...configuration, forcePathStyle: true }),
    batch: new BatchClient(configuration),
    cloudFormation: new CloudFormationClient(configuration),
    logs: new CloudWatchLogsClient(configuration),
    iam: new IAMClient(configuration),
  };
}

async function groupOf(client: CloudFormationClient): Promise<{ GroupName: string }> {
  const { Stacks: [stack] = [] } = await client.send(new DescribeStacksCommand({}));
  return { GroupName: stack?.Outputs?.find(({ OutputKey }) => OutputKey === "GroupName")?.OutputValue ?? "" };
}
