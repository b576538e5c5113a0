import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  CreateJobQueueCommand,
  CreateSchedulingPolicyCommand,
  DescribeJobDefinitionsCommand,
  DescribeJobQueuesCommand,
  DescribeJobsCommand,
  type JobDetail,
  RegisterJobDefinitionCommand,
} from "@aws-sdk/client-batch";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fakeEngine, fakeProgram } from "../support/fake-program.ts";
import { have } from "../support/have.ts";
import { breaches } from "../support/json-schema.ts";
import { localClients } from "../support/local-clients.ts";
import { jobIdOf, runTool, type ToolResult } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const needed = have("zip") && have("unzip");

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

const aws = ["build", "--aws-batch", "--local-aws"] as const;

/** The job of a build, as Batch tells of it. */
async function jobOf(result: ToolResult): Promise<JobDetail> {
  await using clients = await localClients(place.env);
  const { jobs = [] } = await clients.batch.send(new DescribeJobsCommand({ jobs: [jobIdOf(result)] }));
  if (jobs[0] === undefined) throw new Error("Batch does not know the job");
  return jobs[0];
}

function sizeOf({ container }: JobDetail): Record<string, string | undefined> {
  return Object.fromEntries((container?.resourceRequirements ?? []).map(({ type, value }) => [type, value]));
}

/** A build with other variables around it. */
function buildWith(env: Record<string, string>, script: string, ...options: string[]): Promise<ToolResult> {
  return runTool([...aws, ...options, "--exec", "sh", place.directory, "-c", script], {
    env: { ...place.env, ...env },
    cwd: place.home,
  });
}

async function succeeds(build: Promise<ToolResult>): Promise<ToolResult> {
  const result = await build;
  const complaints = result.stderr.replace(/^To look at the results: .*\n/m, "");
  expect(`${result.exitStatus} ${complaints}`).toBe("0 ");
  return result;
}

async function withConfig(text: string, run: () => Promise<void>): Promise<void> {
  const file = join(place.home, ".nextstrain", "config");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  try {
    await run();
  } finally {
    await rm(file);
  }
}

/** An image that jobs on this computer don't need to have. */
const IMAGE = "registry.example:5000/lab/base:v1.2";

/** A script that records the variables of a job. */
const FAIR_QUEUE = "fair-queue";

/** A queue with fair shares beside the default one. */
async function makeFairQueue(): Promise<void> {
  await place.run("local-aws", "start");
  await using clients = await localClients(place.env);
  const { jobQueues = [] } = await clients.batch.send(new DescribeJobQueuesCommand({}));
  if (jobQueues.some(({ jobQueueName }) => jobQueueName === FAIR_QUEUE)) return;
  const { arn } = await clients.batch.send(new CreateSchedulingPolicyCommand({ name: "fair" }));
  await clients.batch.send(
    new CreateJobQueueCommand({
      jobQueueName: FAIR_QUEUE,
      priority: 1,
      schedulingPolicyArn: arn,
      computeEnvironmentOrder: jobQueues[0]?.computeEnvironmentOrder,
    }),
  );
}

const SAY_COLOUR = 'printf %s "$COLOUR" > seen.txt';

/** What shows each option at work. An option of the help without an entry here is a failing test. */
const shown: Readonly<Record<string, () => Promise<void>>> = {
  "--aws-batch": async () => {
    const result = await place.run("build", "--detach", place.directory);
    expect(result.exitStatus).toBe(2);
    expect(result.stderr).toMatch(/would run with docker \(the default\)[\s\S]*forget --aws-batch/);
    await withConfig("[core]\nrunner = aws-batch\n", async () => {
      const configured = await place.run("build", "--local-aws", "--exec", "true", place.directory);
      expect(configured.exitStatus).toBe(0);
    });
  },
  "--docker": async () => {
    const fake = await fakeEngine(join(place.home, "engines"), "docker", { run: "process.exit(7)" });
    expect((await buildHere("--docker")).exitStatus).toBe(7);
    expect((await fake.calls()).at(-1)?.args).toContain("nextstrain/base");
  },
  "--conda": async () => {
    const result = await buildHere("--conda");
    expect(result.exitStatus).toBe(1);
    expect(result.stderr).toMatch(/not set up[\s\S]*nextstrain setup conda/);
  },
  "--singularity": async () => {
    const engine = 'if (args[0] === "run") process.exit(7); console.log("apptainer version 1.3.0")';
    const fake = await fakeProgram(join(place.home, "engines", "singularity"), engine);
    expect(
      (await buildHere("--singularity", `--image=${join(place.home, "engines/singularity")}`)).exitStatus,
    ).toBe(7);
    expect((await fake.calls()).at(-1)?.args.slice(-2)).toEqual(["sh", "-c"]);
  },
  "--ambient": async () => {
    const fake = await fakeProgram(join(place.home, "engines", "sh"), "process.exit(7)");
    expect((await buildHere("--ambient")).exitStatus).toBe(7);
    expect(await fake.calls()).toMatchObject([{ args: ["-c"], cwd: place.directory }]);
  },
  "--native": async () => {
    expect((await buildHere("--native", "--exec=true")).exitStatus).toBe(0);
  },
  "--local-aws": async () => {
    const result = await succeeds(place.build("true"));
    const job = await jobOf(result);
    expect(job.status).toBe("SUCCEEDED");
  },
  "--image": async () => {
    const result = await succeeds(place.build("true", "--image", IMAGE, "--no-download"));
    const job = await jobOf(result);
    expect(job.container?.image).toBe(IMAGE);
    expect(job.jobDefinition).toMatch(/nextstrain-job-1-registry-example-5000-lab-base-v1-2:1$/);
    const again = await succeeds(buildWith({ NEXTSTRAIN_DOCKER_IMAGE: IMAGE }, "true", "--no-download"));
    expect((await jobOf(again)).jobDefinition).toBe(job.jobDefinition);
    const same = await succeeds(place.build("true", "--image", "nextstrain/base:latest", "--no-download"));
    expect((await jobOf(same)).jobDefinition).toMatch(/nextstrain-job:1$/);
    await withConfig(`[docker]\nimage = ${IMAGE}\n`, async () => {
      const configured = await succeeds(place.build("true", "--no-download"));
      expect((await jobOf(configured)).container?.image).toBe(IMAGE);
    });
    await using clients = await localClients(place.env);
    const { jobDefinitions = [] } = await clients.batch.send(
      new DescribeJobDefinitionsCommand({ status: "ACTIVE" }),
    );
    const [derived] = jobDefinitions.filter(({ jobDefinitionName }) =>
      /lab-base/.test(jobDefinitionName ?? ""),
    );
    const base = jobDefinitions.find(({ jobDefinitionName }) => jobDefinitionName === "nextstrain-job");
    expect(derived?.timeout).toEqual(base?.timeout);
    expect(derived?.containerProperties).toEqual({ ...base?.containerProperties, image: IMAGE });
  },
  "--exec": async () => {
    await succeeds(place.run(...aws, "--exec", "cp", place.directory, "Snakefile", "copy of Snakefile"));
    expect(await place.read("copy of Snakefile")).toBe("");
  },
  "--augur": () => overlays("augur"),
  "--auspice": () => overlays("auspice"),
  "--fauna": () => overlays("fauna"),
  "--docker-arg": async () => {
    const result = await place.build("true", "--docker-arg=--rm");
    expect(result.exitStatus).toBe(2);
    expect(result.stderr).toMatch(/--docker-arg has no meaning with --aws-batch/);
  },
  "--cpus": async () => {
    const result = await succeeds(place.build("true", "--cpus", "1", "--no-download"));
    expect(sizeOf(await jobOf(result)).VCPU).toBe("1");
    const snakemake = await succeeds(place.run(...aws, "--cpus=1", "--detach", place.directory));
    expect((await jobOf(snakemake)).container?.command).toContain("--cores=1");
  },
  "--memory": async () => {
    const result = await succeeds(place.build("true", "--memory", "0.5gib", "--no-download"));
    expect(sizeOf(await jobOf(result)).MEMORY).toBe("512");
    const snakemake = await succeeds(place.run(...aws, "--memory=512mib", "--detach", place.directory));
    expect((await jobOf(snakemake)).container?.command).toContain("--resources=mem_mb=512");
    const small = await place.build("true", "--memory", "14");
    expect(small.exitStatus).toBe(2);
    expect(small.stderr).toMatch(/did you mean 14gib/);
  },
  "--env": async () => {
    await succeeds(place.build(SAY_COLOUR, "--env", "COLOUR=crimson"));
    expect(await place.read("seen.txt")).toBe("crimson");
    await succeeds(buildWith({ COLOUR: "teal" }, SAY_COLOUR, "--env", "COLOUR"));
    expect(await place.read("seen.txt")).toBe("teal");
  },
  "--envdir": async () => {
    const envdir = join(place.home, "envdir");
    await mkdir(envdir);
    await writeFile(join(envdir, "COLOUR"), "ochre\n");
    await succeeds(place.build(SAY_COLOUR, "--envdir", envdir));
    expect(await place.read("seen.txt")).toBe("ochre");
    await rm(join(place.directory, "seen.txt"));
    await succeeds(buildWith({ NEXTSTRAIN_RUNTIME_ENVDIRS: `:${envdir}` }, SAY_COLOUR));
    expect(await place.read("seen.txt")).toBe("ochre");
  },
  "--aws-batch-job": async () => {
    await using clients = await localClients(place.env);
    await clients.batch.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: "other-job",
        type: "container",
        containerProperties: {
          image: "nextstrain/base:latest",
          resourceRequirements: [
            { type: "VCPU", value: "1" },
            { type: "MEMORY", value: "512" },
          ],
        },
      }),
    );
    const result = await succeeds(place.build("true", "--aws-batch-job", "other-job", "--no-download"));
    expect((await jobOf(result)).jobDefinition).toMatch(/other-job:1$/);
    await missing("job", "NEXTSTRAIN_AWS_BATCH_JOB", "job definition");
  },
  "--aws-batch-queue": () => missing("queue", "NEXTSTRAIN_AWS_BATCH_QUEUE", "job queue"),
  "--aws-batch-s3-bucket": async () => {
    const result = await succeeds(
      place.build("true", "--aws-batch-s3-bucket", "s3://nextstrain-jobs/some/prefix/"),
    );
    expect(result.stdout).toMatch(/^uploaded: s3:\/\/nextstrain-jobs\/some\/prefix\/[0-9a-f-]{36}\.zip$/m);
    const bad = await buildWith({ NEXTSTRAIN_AWS_BATCH_S3_BUCKET: "No_Bucket" }, "true");
    expect(bad.stderr).toMatch(/"No_Bucket" \(from NEXTSTRAIN_AWS_BATCH_S3_BUCKET\)/);
  },
  "--aws-batch-cpus": async () => {
    const result = await succeeds(
      place.run(...aws, "--cpus=2", "--aws-batch-cpus=1", "--detach", place.directory),
    );
    const job = await jobOf(result);
    expect(sizeOf(job).VCPU).toBe("1");
    expect(job.container?.command).toContain("--cores=2");
    const bad = await buildWith({ NEXTSTRAIN_AWS_BATCH_CPUS: "many" }, "true");
    expect(bad.stderr).toMatch(/“many” is not a number of CPUs \(NEXTSTRAIN_AWS_BATCH_CPUS\)/);
  },
  "--aws-batch-memory": async () => {
    const result = await succeeds(
      place.run(...aws, "--memory=600mib", "--aws-batch-memory=512", "--detach", place.directory),
    );
    const job = await jobOf(result);
    expect(sizeOf(job).MEMORY).toBe("512");
    expect(job.container?.command).toContain("--resources=mem_mb=600");
    await withConfig("[aws-batch]\nmemory = 520\n", async () => {
      const configured = await succeeds(place.run(...aws, "--detach", place.directory));
      const { container, ...rest } = await jobOf(configured);
      expect(sizeOf({ container, ...rest } as JobDetail).MEMORY).toBe("520");
      expect(container?.command?.join(" ")).not.toContain("mem_mb");
    });
  },
  "--aws-batch-share": async () => {
    await makeFairQueue();
    const queue = ["--aws-batch-queue", FAIR_QUEUE, "--detach"];
    const without = await place.build("true", ...queue);
    expect(without.stderr).toMatch(/takes only jobs that name theirs\.\n.*NEXTSTRAIN_AWS_BATCH_SHARE/);
    const result = await succeeds(place.build("true", ...queue, "--aws-batch-share", "zika"));
    expect((await jobOf(result)).shareIdentifier).toBe("zika");
    await withConfig("[aws-batch]\nshare = ebola\n", async () => {
      const configured = await succeeds(place.build("true", ...queue));
      expect((await jobOf(configured)).shareIdentifier).toBe("ebola");
    });
    const bad = await buildWith({ NEXTSTRAIN_AWS_BATCH_SHARE: "a b" }, "true");
    expect(bad.stderr).toMatch(/"a b" \(from NEXTSTRAIN_AWS_BATCH_SHARE\)/);
  },
  "--aws-batch-priority": async () => {
    await makeFairQueue();
    const share = ["--aws-batch-queue", FAIR_QUEUE, "--aws-batch-share", "zika", "--detach"];
    const result = await succeeds(place.build("true", ...share, "--aws-batch-priority", "50"));
    expect((await jobOf(result)).schedulingPriority).toBe(50);
    const bad = await buildWith({ NEXTSTRAIN_AWS_BATCH_PRIORITY: "high" }, "true");
    expect(bad.stderr).toMatch(/"high" \(from NEXTSTRAIN_AWS_BATCH_PRIORITY\)/);
  },
  // What it does is in retries.test.ts.
  "--retries": async () => {
    const result = await succeeds(place.build("true", "--detach", "--retries", "2"));
    expect((await jobOf(result)).retryStrategy).toMatchObject({ attempts: 3 });
    await withConfig("[aws-batch]\nretries = 1\n", async () => {
      const configured = await succeeds(place.build("true", "--detach"));
      expect((await jobOf(configured)).retryStrategy).toMatchObject({ attempts: 2 });
    });
    const bad = await buildWith({ NEXTSTRAIN_AWS_BATCH_RETRIES: "often" }, "true");
    expect(bad.stderr).toMatch(/“often” \(from NEXTSTRAIN_AWS_BATCH_RETRIES\)/);
  },
  // What these do is in fan-out.test.ts.
  "--fan-out": async () => {
    const job = await jobOf(await succeeds(fanOut("--fan-out", "a", "--fan-out", "b")));
    expect(job.arrayProperties?.size).toBe(2);
  },
  "--fan-out-from": async () => {
    await writeFile(join(place.home, "lines.txt"), "a b\n# nothing\nc\n--config 'd=e f'\n");
    const from = ["--fan-out-from", join(place.home, "lines.txt")];
    expect((await jobOf(await succeeds(fanOut(...from)))).arrayProperties?.size).toBe(3);
  },
  "--fan-out-first": async () => {
    const first = ["--fan-out-first", "c", "--fan-out", "a", "--fan-out", "b"];
    expect((await jobOf(await succeeds(fanOut(...first)))).dependsOn).toHaveLength(1);
  },
  "--fan-out-retry": async () => {
    const nothing = await place.run(...aws, "--fan-out-retry", place.home);
    expect(nothing.stderr).toContain("there is nothing to retry");
  },
  "--tag": async () => {
    await withConfig("[aws-batch]\ntags = project=zika, owner=lab\n", async () => {
      const result = await succeeds(place.build("true", "--detach", "--tag", "owner=me", "--tag", "run=1"));
      expect(await jobOf(result)).toMatchObject({
        tags: { project: "zika", owner: "me", run: "1" },
        propagateTags: true,
      });
    });
    expect(await jobOf(await succeeds(place.build("true", "--detach")))).toMatchObject({ tags: {} });
    const bad = await buildWith({ NEXTSTRAIN_AWS_BATCH_TAGS: "zika" }, "true");
    expect(bad.stderr).toMatch(/"zika" \(from NEXTSTRAIN_AWS_BATCH_TAGS\) is not a tag/);
  },
  "--detach": async () => {
    const result = await succeeds(place.build("true", "--detach"));
    expect(result.stdout.trimEnd().split("\n").at(-1)).toContain(`--attach ${jobIdOf(result)}`);
  },
  "--detach-on-interrupt": async () => {
    const go = join(place.flags, "detached");
    const build = place.startBuild(`until [ -e ${go} ]; do sleep 0.1; done`, "--detach-on-interrupt");
    await build.seen(/^Job now RUNNING$/m);
    build.child.kill("SIGINT");
    const result = await build.ended;
    expect(result.exitStatus).toBe(0);
    expect(result.stdout).toContain("Detached");
    // Others have its room.
    await writeFile(go, "");
  },
  "--attach": async () => {
    const detached = await succeeds(place.build("echo late > late.txt", "--detach"));
    await succeeds(place.run(...aws, "--attach", jobIdOf(detached), place.directory));
    expect(await place.read("late.txt")).toBe("late\n");
    // Any beginning will do that fits one job only.
    await succeeds(place.run(...aws, "--attach", jobIdOf(detached).slice(0, 13), "--no-download"));
  },
  "--cancel": async () => {
    const detached = await succeeds(place.build("sleep 600", "--detach"));
    const id = jobIdOf(detached);
    const cancelled = await place.run(...aws, "--attach", id, "--cancel");
    expect(cancelled.stderr).toBe("");
    expect(cancelled.exitStatus).toBe(0);
    expect(cancelled.stdout).toMatch(/^Job FAILED/m);
    expect(cancelled.stdout).toContain("Cancelled by the user.");
    const again = await succeeds(place.run(...aws, "--attach", id, "--cancel"));
    expect(again.stdout).toMatch(/has ended already \(FAILED\): there is nothing to cancel/);
  },
  "--no-logs": async () => {
    const result = await succeeds(place.build("echo hello from the job", "--no-logs"));
    expect(result.stdout).not.toContain("hello from the job");
    expect(result.stdout).toMatch(/^Job SUCCEEDED/m);
  },
  "--job-info": async () => {
    const file = join(place.home, "job.json");
    const build = place.startBuild("exit 3", "--job-info", file);
    await build.seen(/^Job now R/m);
    const early = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    const result = await build.ended;
    const job = await jobOf(result);
    expect(early.jobId).toBe(job.jobId);
    expect(breaches(early, "job")).toEqual([]);
    expect(breaches(JSON.parse(await readFile(file, "utf8")), "job")).toEqual([]);
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({
      version: 1,
      runId: job.jobName,
      jobId: job.jobId,
      jobName: job.jobName,
      queue: "nextstrain-job-queue",
      definition: "nextstrain-job",
      region: "us-east-1",
      localAws: true,
      urls: {
        workdir: `s3://nextstrain-jobs/${job.jobName}.zip`,
        manifest: `s3://nextstrain-jobs/${job.jobName}.json.gz`,
      },
      logGroup: "/aws/batch/job",
      logStream: job.container?.logStreamName,
      logStreams: [job.container?.logStreamName],
      directory: place.directory,
      root: place.directory,
      command: ["sh", "-c", "exit 3"],
      submittedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      startedAt: new Date(job.startedAt ?? 0).toISOString(),
      stoppedAt: new Date(job.stoppedAt ?? 0).toISOString(),
      status: "FAILED",
      statusReason: expect.anything(),
      exitCode: 3,
    });
    expect((await readdir(place.home)).filter((name) => name.startsWith(".nextstrain-tmp-"))).toEqual([]);
    const attached = await place.run(
      ...aws,
      ...["--attach", jobIdOf(result), "--no-download", "--job-info", file],
    );
    expect(attached.exitStatus).toBe(3);
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ exitCode: 3, directory: null });
    const bad = await place.build("true", "--job-info", join(place.home, "absent", "job.json"));
    expect(bad.exitStatus).toBe(2);
    expect(bad.stdout).toBe("");
  },
  "--notify": async () => {
    const { calls, env } = await desktop();
    const result = await buildWith(env, "touch result.txt", "--notify");
    expect([result.exitStatus, result.stderr]).toEqual([0, ""]);
    const [call, ...others] = await calls();
    expect(others).toEqual([]);
    expect(call?.args).toEqual([
      "--app-name=nextstrain",
      "--",
      `SUCCEEDED: ${place.directory}`,
      expect.stringMatching(/^Job [0-9a-f]{8} is over after \d+s\.$/),
    ]);
  },
  "--notify-command": async () => {
    const result = await place.build(
      "touch result.txt; exit 3",
      "--notify-command",
      'cat > "$HOME/told.json"',
    );
    expect(result.exitStatus).toBe(3);
    const told = JSON.parse(await readFile(join(place.home, "told.json"), "utf8"));
    expect(breaches(told, "job")).toEqual([]);
    const about = { status: "FAILED", exitCode: 3, directory: place.directory, resultsLeft: false };
    expect(told).toMatchObject({ ...about, jobId: jobIdOf(result) });
  },
  "--exclude-from-upload": async () => {
    await place.write("big/data.bin", "x");
    await place.write("notes.txt", "x");
    await succeeds(
      place.build(
        "find . -type f ! -name seen.txt | sort > seen.txt",
        "--exclude-from-upload",
        "big/",
        "--exclude-from-u=*.txt",
      ),
    );
    expect(await place.read("seen.txt")).toBe("./Snakefile\n");
    expect(await place.read("big/data.bin")).toBe("x");
  },
  "--download": async () => {
    await succeeds(
      place.build(
        "mkdir -p auspice data/new; touch auspice/a.json auspice/b.txt data/c.json d.txt",
        ...["--download", "auspice/*.json", "--download", "d.*"],
      ),
    );
    expect(await everything()).toEqual(["Snakefile", "auspice", "auspice/a.json", "d.txt"]);
  },
  "--exclude-from-download": async () => {
    await succeeds(
      place.build(
        "mkdir -p tmp/deep; touch tmp/deep/a.json b.txt c.json",
        ...["--exclude-from-download", "tmp/", "--exclude-from-download", "b.*"],
      ),
    );
    expect(await everything()).toEqual(["Snakefile", "c.json"]);
  },
  "--no-download": async () => {
    const result = await succeeds(place.build("touch made.txt", "--no-download"));
    expect(await everything()).toEqual(["Snakefile"]);
    await succeeds(place.run(...aws, "--attach", jobIdOf(result), "--no-download"));
    await succeeds(place.run(...aws, "--attach", jobIdOf(result), place.directory));
    expect(await everything()).toEqual(["Snakefile", "made.txt"]);
  },
  "--help": async () => {
    const help = await succeeds(place.run("build", "--help"));
    const others = await Promise.all([place.run("build", "-h"), place.run("help", "build")]);
    for (const other of others) expect(other.stdout).toBe(help.stdout);
    expect(help.stdout).not.toContain("--job-info");
    expect(help.stdout).toMatch(/`nextstrain build --help-all`\.\n$/);
  },
  "--help-all": async () => {
    const { stdout } = await succeeds(place.run("build", "--help-all"));
    expect(stdout).toMatch(/--native +old name of --ambient/);
    expect(stdout).toMatch(/^ +--job-info <file> /m);
  },
};

/** Submits a fan-out, and leaves it. */
function fanOut(...options: string[]): Promise<ToolResult> {
  return place.run(...aws, "--detach", ...options, place.directory);
}

/** Builds with `sh -c`, on this computer, with the programs in `engines` before all others. */
function buildHere(...options: string[]) {
  const env = { ...place.env, PATH: `${join(place.home, "engines")}:${place.env.PATH}` };
  return runTool(["build", "--exec", "sh", ...options, place.directory, "-c"], { env });
}

/** A desktop, as far as its `notify-send` goes. */
async function desktop() {
  const { directory, calls } = await fakeProgram(join(place.home, "desktop", "notify-send"));
  return { calls, env: { DISPLAY: ":0", PATH: `${directory}:${place.env.PATH}` } };
}

async function overlays(name: "augur" | "auspice" | "fauna"): Promise<void> {
  const copy = join(place.home, `my-${name}`);
  await mkdir(copy);
  await writeFile(join(copy, "code.txt"), `my ${name}`);
  await succeeds(place.build(`cp ../${name}/code.txt seen.txt`, `--${name}`, copy));
  expect(await place.read("seen.txt")).toBe(`my ${name}`);
  expect(await everything()).toEqual(["Snakefile", "seen.txt"]);
  expect(await readdir(copy)).toEqual(["code.txt"]);
  const image = "nextstrain/base:build-20250101T000000Z";
  const old = await place.build("true", `--${name}`, copy, "--image", image);
  expect(old.exitStatus).toBe(1);
  expect(old.stderr).toContain(`(from --image) can't use --${name}`);
}

/** Of a thing that isn't there the message says what and where its name came from; and nothing is left in the bucket. */
async function missing(option: string, variable: string, what: string): Promise<void> {
  // Local AWS has to run for the bucket to be looked at.
  await place.run("local-aws", "start");
  const before = await place.objects();
  const byOption = await place.build("true", `--aws-batch-${option}`, "absent");
  expect(byOption.stderr).toMatch(new RegExp(`${what} "absent" \\(from --aws-batch-${option}\\)`));
  const byVariable = await buildWith({ [variable]: "absent" }, "true");
  expect(byVariable.stderr).toMatch(new RegExp(`${what} "absent" \\(from ${variable}\\)`));
  await withConfig(`[aws-batch]\n${option} = absent\n`, async () => {
    const byConfig = await place.build("true");
    expect(byConfig.stderr).toMatch(new RegExp(`${what} "absent" \\(from "${option}" in .*/config\\)`));
  });
  expect(await place.objects()).toEqual(before);
}

/** Paths of all that is in the build directory. */
async function everything(): Promise<string[]> {
  return (await readdir(place.directory, { recursive: true })).sort();
}

describe.skipIf(!needed)("each option does what the help says (needs zip and unzip)", () => {
  test.each(Object.keys(shown))("%s", (option) => shown[option]?.());
});

test("every option of the help has its test here", async () => {
  const { stdout } = await place.run("build", "--help-all");
  const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z0-9-]+)/gm)].map(([, option]) => option);
  expect(options.length).toBeGreaterThan(25);
  expect(options.filter((option) => option === undefined || !(option in shown))).toEqual([]);
});

test.each([
  ["--help"],
  ["build", "--help"],
  ["local-aws", "--help"],
  ["version", "--help"],
  ["completion", "--help"],
])("the help of %s fits 80 columns", async (...args) => {
  const { stdout, exitStatus } = await place.run(...args);
  expect(exitStatus).toBe(0);
  expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

test.each([
  [["build", "--aws-bach", "."], /--aws-bach[\s\S]*Did you mean --aws-batch\?/],
  [["biuld", "."], /biuld[\s\S]*Did you mean build\?/],
  [["build", "--det", "."], /--det could be any of --detach, --detach-on-interrupt/],
  [["build", "--aws-batch", "--docker", "."], /--aws-batch and --docker can't be used together/],
])("wrong usage %j exits with 2 and a hint", async (args, message) => {
  const result = await place.run(...args);
  expect(result.stderr).toMatch(message);
  expect(result.exitStatus).toBe(2);
});

test("nextstrain version, and --version, and version --verbose", async () => {
  const short = await place.run("version");
  expect(short.stdout).toMatch(/^nextstrain \d+\.\d+\.\d+\n$/);
  expect((await place.run("--version")).stdout).toBe(short.stdout);
  const { stdout } = await place.run("version", "--verbose");
  for (const said of [
    short.stdout,
    process.version,
    `${place.home}/.nextstrain/config`,
    "docker (the default)",
  ]) {
    expect(stdout).toContain(said);
  }
});
