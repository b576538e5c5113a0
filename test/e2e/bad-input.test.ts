import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type JobStatus, ListJobsCommand, SubmitJobCommand } from "@aws-sdk/client-batch";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { localClients } from "../support/local-clients.ts";
import { runTool, type ToolResult } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const STATES: readonly JobStatus[] = ["RUNNABLE", "RUNNING", "SUCCEEDED", "FAILED"];
const KEYS = { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "of-nobody" };
const BUILD = ["build", "--aws-batch", "--local-aws"];

let place: Workplace;

beforeAll(async () => {
  place = await workplace();
  await place.run("local-aws", "start");
});
afterAll(() => place[Symbol.asyncDispose]());
beforeEach(async () => {
  await rm(place.directory, { recursive: true, force: true });
  await place.write("Snakefile", "");
});

/** `nextstrain …` with more in its environment. */
const runWith = (env: Record<string, string>, ...args: string[]) =>
  runTool(args, { env: { ...place.env, ...env }, cwd: place.home });

/** All that a build could leave behind. */
async function traces() {
  await using clients = await localClients(place.env);
  const jobs = await Promise.all(
    STATES.map((jobStatus) =>
      clients.batch.send(new ListJobsCommand({ jobQueue: "nextstrain-job-queue", jobStatus })),
    ),
  );
  const runs = join(place.home, ".nextstrain", "aws-batch", "runs");
  return {
    objects: await place.objects(),
    jobs: jobs.flatMap(({ jobSummaryList = [] }) => jobSummaryList.map(({ jobId }) => jobId)),
    records: await readdir(runs).catch(() => []),
  };
}

/** One message with a next step, and no stack trace. */
function expectMessage(
  { stderr, exitStatus }: ToolResult,
  status: number,
  ...parts: (string | RegExp)[]
): void {
  // The next step may have a command, on a line of its own.
  expect(stderr).toMatch(/^Error: .+\n.+\n( {4}.+\n)?$/);
  expect(stderr).not.toMatch(/^\s+at /m);
  for (const part of parts) expect(stderr).toMatch(part);
  expect(exitStatus).toBe(status);
}

interface Mistake {
  readonly name: string;
  readonly args: (place: Workplace) => string[];
  readonly env?: (place: Workplace) => Record<string, string>;
  readonly status: number;
  readonly says: readonly (string | RegExp)[];
}

const mistakes: readonly Mistake[] = [
  {
    name: "a missing directory",
    args: ({ home }) => [...BUILD, join(home, "nowhere")],
    status: 1,
    says: [/There is no directory .*\/nowhere\./, "Snakefile"],
  },
  {
    name: "a file in place of the directory",
    args: ({ directory }) => [...BUILD, join(directory, "Snakefile")],
    status: 1,
    says: ["is not a directory", "such as"],
  },
  {
    name: "a missing bucket, named by an option",
    args: ({ directory }) => [...BUILD, "--aws-batch-s3-bucket", "no-such-bucket/prefix", directory],
    status: 1,
    says: ['There is no S3 bucket "no-such-bucket" (from --aws-batch-s3-bucket).'],
  },
  {
    name: "a missing queue, named by an option",
    args: ({ directory }) => [...BUILD, "--aws-batch-queue", "no-such-queue", directory],
    status: 1,
    says: ['There is no job queue "no-such-queue" (from --aws-batch-queue)'],
  },
  {
    name: "a missing definition, named by a variable",
    args: ({ directory }) => [...BUILD, directory],
    env: () => ({ NEXTSTRAIN_AWS_BATCH_JOB: "no-such-job" }),
    status: 1,
    says: ['no active job definition "no-such-job" (from NEXTSTRAIN_AWS_BATCH_JOB)'],
  },
  {
    name: "no credentials",
    args: ({ directory }) => ["build", "--aws-batch", directory],
    env: () => ({ AWS_EC2_METADATA_DISABLED: "true" }),
    status: 1,
    says: ["No AWS credentials were found", "AWS_PROFILE", "--local-aws"],
  },
  {
    name: "an endpoint where nobody listens",
    args: ({ directory }) => ["build", "--aws-batch", directory],
    env: () => ({ ...KEYS, AWS_ENDPOINT_URL: "http://127.0.0.1:1" }),
    status: 1,
    says: ["can't be reached", "127.0.0.1:1", "network"],
  },
  ...["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"].map((variable) => ({
    name: `no URL in ${variable}`,
    args: ({ directory }: Workplace) => ["build", "--aws-batch", directory],
    env: () => ({ ...KEYS, [variable]: "junk" }),
    status: 1,
    says: [`“junk” is not the URL of a server (from ${variable}).`],
  })),
  {
    name: "a region that would be another host",
    args: ({ directory }) => ["build", "--aws-batch", directory],
    env: () => ({ ...KEYS, AWS_REGION: "evil.example/#" }),
    status: 1,
    says: ["“evil.example/#” is not an AWS region (from AWS_REGION).", "us-east-1"],
  },
  {
    name: "a setting that the SDK does not understand",
    args: ({ directory }) => ["build", "--aws-batch", directory],
    env: () => ({ ...KEYS, AWS_DEFAULTS_MODE: "junk" }),
    status: 1,
    says: ["A setting of AWS's can't be used", "defaultsMode", "~/.aws/config"],
  },
  ...(process.platform === "linux" ? ["/proc/self", "/sys"] : []).map((directory) => ({
    name: `a directory of the kernel's, ${directory}`,
    args: () => [...BUILD, directory],
    status: 1,
    says: [`${directory} holds no files but what the kernel tells.`],
  })),
  {
    name: "an unknown job id",
    args: ({ directory }) => [...BUILD, "--attach", "00000000-0000-4000-8000-000000000000", directory],
    status: 1,
    says: ["does not know a job 00000000-0000-4000-8000-000000000000", "Check the id"],
  },
  {
    name: "a command longer than Batch takes",
    args: ({ directory }) => [...BUILD, directory, ...Array.from({ length: 2000 }, (_, index) => `${index}`)],
    status: 1,
    says: ["too long for AWS Batch", "8192", "--configfile"],
  },
  {
    name: "a number of CPUs that is none",
    args: ({ directory }) => [...BUILD, "--cpus", "many", directory],
    status: 2,
    says: ["not a number of CPUs (--cpus)"],
  },
  {
    name: "an amount of memory that is none",
    args: ({ directory }) => [...BUILD, "--memory", "lots", directory],
    status: 2,
    says: ["not an amount of memory (--memory)", "14gib"],
  },
  {
    name: "memory without its unit",
    args: ({ directory }) => [...BUILD, "--memory", "8", directory],
    status: 2,
    says: ["less than 1 MiB", "did you mean 8gib?"],
  },
  {
    name: "a bucket's name that can be none",
    args: ({ directory }) => [...BUILD, "--aws-batch-s3-bucket", "My Bucket", directory],
    status: 2,
    says: ['"My Bucket" (from --aws-batch-s3-bucket) is not the name of an S3 bucket'],
  },
  {
    name: "an unknown option",
    args: ({ directory }) => [...BUILD, "--aws-batch-qeue", "x", directory],
    status: 2,
    says: ["--aws-batch-qeue", "Did you mean --aws-batch-queue?"],
  },
  { name: "an unknown command", args: () => ["biuld"], status: 2, says: ["biuld", "Did you mean build?"] },
  {
    name: "an unknown command, with --help",
    args: () => ["biuld", "--help"],
    status: 2,
    says: ["unknown command 'biuld'", "Did you mean build?"],
  },
  {
    name: "an unknown command of a command, with --help",
    args: () => ["local-aws", "strat", "-h"],
    status: 2,
    says: ["unknown command 'strat'", "Did you mean start?"],
  },
  {
    name: "help of an unknown command",
    args: () => ["help", "biuld"],
    status: 2,
    says: ["unknown command 'biuld'"],
  },
  { name: "no directory", args: () => BUILD, status: 2, says: ["directory", "<directory>"] },
];

describe("a mistake gets one message with the next step, and leaves nothing behind:", () => {
  test.each(mistakes)("$name", async ({ args, env, status, says }) => {
    const before = await traces();
    const result = await runWith(env?.(place) ?? {}, ...args(place));
    expectMessage(result, status, ...says);
    expect(result.stdout).not.toContain("AWS Batch Job ID");
    expect(await traces()).toEqual(before);
  });

  test("no command at all: the commands that there are", async () => {
    const result = await place.run();
    expect(result).toMatchObject({ exitStatus: 2, stdout: "" });
    expect(result.stderr).toMatch(/^Usage: nextstrain[\s\S]*^ {2}build /m);
  });

  test("an empty directory", async () => {
    await rm(join(place.directory, "Snakefile"));
    const before = await traces();
    const result = await place.run(...BUILD, place.directory);
    expectMessage(result, 1, "There is nothing to build in", "Snakefile");
    expect(await traces()).toEqual(before);
  });

  test("keys that AWS does not know", async () => {
    const before = await traces();
    const { stdout } = await place.run("local-aws", "status", "--json");
    const { endpoint } = JSON.parse(stdout) as { endpoint: string };
    const env = { ...KEYS, AWS_ENDPOINT_URL: endpoint };
    const result = await runWith(env, "build", "--aws-batch", place.directory);
    expectMessage(result, 1, "does not accept the credentials in use", "AWS_ACCESS_KEY_ID");
    expect(await traces()).toEqual(before);
  });

  test("a job that is no Nextstrain build", async () => {
    await using clients = await localClients(place.env);
    const { jobId = "" } = await clients.batch.send(
      new SubmitJobCommand({
        jobName: "another",
        jobQueue: "nextstrain-job-queue",
        jobDefinition: "nextstrain-job",
        containerOverrides: { command: ["true"] },
      }),
    );
    const result = await place.run(...BUILD, "--attach", jobId, place.directory);
    expectMessage(result, 1, `Job ${jobId} is not a Nextstrain build`, "Check the id");
    expect(await readdir(place.directory)).toEqual(["Snakefile"]);
  });

  test.each([
    ["a line that says nothing", "[aws-batch]\nnonsense\n", "Line 2 of the config file", "name = value"],
    [
      "a queue that is missing",
      "[aws-batch]\nqueue = gone\n",
      '"gone" (from "queue" in',
      "--aws-batch-queue",
    ],
  ])("the config file with %s", async (_, content, ...says) => {
    const file = join(place.home, "a-config");
    await writeFile(file, content);
    const result = await runWith({ NEXTSTRAIN_CONFIG: file }, ...BUILD, place.directory);
    expectMessage(result, 1, file, ...says);
  });

  test("a config file that can't be read", async () => {
    const file = join(place.home, "config-directory");
    await mkdir(file, { recursive: true });
    const result = await runWith({ NEXTSTRAIN_CONFIG: file }, ...BUILD, place.directory);
    expectMessage(result, 1, `The config file ${file} can't be read`, "NEXTSTRAIN_CONFIG");
  });

  test.each(["run", "remote", "deploy", "login", "logout", "whoami"])(
    "%s, which only the Python program has",
    async (name) => {
      expectMessage(
        await place.run(name, "zika"),
        2,
        `nextstrain ${name}`,
        "Python program",
        "Nextstrain CLI",
      );
      expectMessage(await place.run("help", name), 2, "Python program");
    },
  );
});

test("NEXTSTRAIN_DEBUG=1 adds the stack to a message", async () => {
  const result = await runWith({ NEXTSTRAIN_DEBUG: "1" }, ...BUILD, join(place.home, "nowhere"));
  expect(result.stderr).toMatch(/^\s+at /m);
});

/** A PATH of one directory with all that the present one has, but for some programs. */
async function pathWithout(hidden: readonly string[]): Promise<string> {
  const directory = join(place.home, "bin");
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  for (const from of (process.env.PATH ?? "").split(delimiter).reverse()) {
    for (const name of await readdir(from).catch(() => [])) {
      if (hidden.includes(name)) continue;
      await rm(join(directory, name), { force: true });
      await symlink(join(from, name), join(directory, name));
    }
  }
  return directory;
}

describe.skipIf(!have("zip") || !have("unzip"))("what goes wrong in the job (needs zip and unzip)", () => {
  test("Snakemake missing: exit status 127, and what to install where", async () => {
    // The jobs get the PATH that local AWS was started with.
    await place.run("local-aws", "stop");
    const result = await runWith({ PATH: await pathWithout(["snakemake"]) }, ...BUILD, place.directory);
    await place.run("local-aws", "stop");
    expect(result.exitStatus).toBe(127);
    expect(result.stdout).toMatch(/^Job FAILED .*\(exited 127\)$/m);
    expect(result.stderr).toMatch(
      /^Why the job failed: Exit status 127 says .*: snakemake, .*\nWhat to do: .*install what is missing.*\n$/,
    );
  });

  test.skipIf(!have("snakemake"))(
    "a workflow that fails ends with its exit status, and its results and Snakemake's log come back (needs snakemake)",
    async () => {
      await place.write(
        "Snakefile",
        'rule all:\n    input: "made.txt", "broken.txt"\n' +
          'rule made:\n    output: "made.txt"\n    shell: "echo fine > {output}"\n' +
          'rule broken:\n    input: "made.txt"\n    output: "broken.txt"\n    shell: "echo no; exit 3"\n',
      );
      const result = await place.run(...BUILD, place.directory);
      expect(result.exitStatus).toBe(1);
      expect(result.stdout).toMatch(/^Job FAILED .*\(exited 1\)$/m);
      expect(result.stdout).toMatch(/^\[batch\] .*Error in rule broken/m);
      expect(result.stderr).not.toMatch(/^\s+at /m);
      expect(await place.read("made.txt")).toBe("fine\n");
      expect(await readdir(place.directory)).not.toContain("broken.txt");
      const logs = await readdir(join(place.directory, ".snakemake", "log"));
      expect(logs.filter((name) => name.endsWith(".snakemake.log"))).toHaveLength(1);
    },
  );
});
