import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  DescribeJobsCommand,
  ListJobsCommand,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
} from "@aws-sdk/client-batch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testEngine } from "../support/container-engine.ts";
import { have } from "../support/have.ts";
import { testImage } from "../support/image.ts";
import { type LocalClients, localClients } from "../support/local-clients.ts";
import { jobIdOf, runTool } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const example = fileURLToPath(new URL("../../examples/outbreak", import.meta.url));
/** What a run of Snakemake by itself may have left in the checkout. */
const MADE = [".snakemake", "results", "auspice"];
const tools =
  ["zip", "unzip", "snakemake", "augur", "mafft"].every(have) && (have("iqtree2") || have("iqtree"));

const found = await testImage();
const image = typeof found === "string" ? found : "";
const engine = await testEngine();
const engineEnvironment = "env" in engine ? engine.env : {};
const suffix = typeof found === "string" ? "" : ` (${found.skip})`;

/** A workplace whose local AWS finds the engine. */
async function containerWorkplace(): Promise<Workplace> {
  const place = await workplace();
  Object.assign(place.env, engineEnvironment);
  return place;
}

/** `podman …`, or `docker …` */
async function callEngine(...args: string[]): Promise<string> {
  const command = "command" in engine ? engine.command : "";
  const environment = { ...process.env, ...engineEnvironment };
  return (await promisify(execFile)(command, args, { env: environment })).stdout.trim();
}
const containersOf = (jobId: string) =>
  callEngine("ps", "--all", "--quiet", "--filter", `label=nextstrain.local-aws.job=${jobId}`);

describe.skipIf(image === "")(`local AWS with --executor container${suffix}`, { timeout: 300_000 }, () => {
  let place: Workplace;
  let clients: LocalClients;
  /** Times out in the meantime: a minute is the shortest that Batch takes. */
  let timesOut: string;

  beforeAll(async () => {
    place = await containerWorkplace();
    await place.write("Snakefile", "rule all:\n");
    const started = await place.run("local-aws", "start", "--executor", "container");
    expect(started).toMatchObject({ exitStatus: 0, stderr: "" });
    clients = await localClients(place.env);
    timesOut = await submit(
      ["sh", "-c", "trap 'echo leaving; exit 9' TERM; while :; do sleep 0.1; done"],
      60,
    );
  });
  afterAll(async () => {
    await clients[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  /** Submits a job to the test image that is none of the program's. */
  async function submit(command: string[], attemptDurationSeconds: number): Promise<string> {
    const definition = await clients.batch.send(
      new RegisterJobDefinitionCommand({
        jobDefinitionName: "plain",
        type: "container",
        containerProperties: {
          image,
          command,
          resourceRequirements: [
            { type: "VCPU", value: "1" },
            { type: "MEMORY", value: "64" },
          ],
        },
        timeout: { attemptDurationSeconds },
      }),
    );
    const { jobId = "" } = await clients.batch.send(
      new SubmitJobCommand({
        jobName: "plain",
        jobQueue: "nextstrain-job-queue",
        jobDefinition: definition.jobDefinitionArn,
      }),
    );
    return jobId;
  }
  async function describeJob(jobId: string) {
    const { jobs = [] } = await clients.batch.send(new DescribeJobsCommand({ jobs: [jobId] }));
    return jobs[0];
  }
  const small = ["--cpus", "1", "--memory", "400 MiB"];
  const build = (script: string, ...options: string[]) =>
    place.build(script, "--image", image, ...small, ...options);

  test("status says that jobs run in containers, and by what", async () => {
    const { stdout } = await place.run("local-aws", "status");
    expect(stdout).toMatch(/^Jobs run by: containers, by (docker|podman) [\d.]+$/m);
  });

  test("another executor is not taken up by one that runs already", async () => {
    const { stderr, exitStatus } = await place.run("local-aws", "start", "--executor", "process");
    expect(exitStatus).toBe(1);
    expect(stderr).toContain("Local AWS runs already, with --executor container");
    expect(stderr).toContain("nextstrain local-aws stop");
  });

  test("a build runs as the image's user in the image's directory, and its results come back", async () => {
    const result = await build("id -un > who; pwd > where; cat /nextstrain/augur/origin; exit 3");
    expect(result.stdout).toMatch(/^Local AWS runs this job in its image, by (docker|podman) [\d.]+$/m);
    expect(result.stdout).toMatch(/^\[batch\] .* the image's$/m);
    expect(result.exitStatus).toBe(3);
    expect(await place.read("who")).toBe("nextstrain\n");
    expect(await place.read("where")).toBe("/nextstrain/build\n");
    const again = await build("true");
    expect(again.stdout).not.toContain("Local AWS runs");
  });

  test("variables reach the job, their object is deleted, and the engine never sees their values", async () => {
    const secret = "tulip-in-a-vase";
    const options = ["--env", `TOKEN=${secret}`];
    const { stdout } = await build('echo "$TOKEN" | rev', ...options);
    expect(stdout).toContain([...secret].reverse().join(""));
    expect((await place.objects()).filter((key) => key.includes("env.d"))).toEqual([]);

    // Once more, to look at it while it runs.
    const running = place.startBuild("echo ready; sleep 600", "--image", image, ...small, ...options);
    await running.seen(/\[batch\] .* ready$/m);
    const { jobSummaryList: jobs = [] } = await clients.batch.send(
      new ListJobsCommand({ jobQueue: "nextstrain-job-queue", jobStatus: "RUNNING" }),
    );
    const [job] = jobs.filter(({ jobName }) => jobName !== "plain");
    const container = await containersOf(job?.jobId ?? "");
    const inspected = await callEngine("inspect", container);
    const { stdout: processes } = await promisify(execFile)("ps", ["-eo", "args"]);
    await callEngine("kill", container);
    await running.ended;
    expect(inspected).toContain("NEXTSTRAIN_ENVD_URL");
    expect(inspected).not.toContain(secret);
    // The build itself was given it; nobody else was.
    const engines = processes.split("\n").filter((line) => !line.includes("nextstrain.js"));
    expect(engines.join("\n")).not.toContain(secret);
  });

  test("an overlay takes the place of the image's own directory", async () => {
    const overlay = join(place.home, "augur");
    await mkdir(join(overlay, "bin"), { recursive: true });
    await writeFile(join(overlay, "mine"), "laid over\n");
    const { stdout } = await build("ls /nextstrain/augur", "--augur", overlay);
    expect(stdout).toMatch(/\[batch\] .* mine$/m);
    expect(stdout).not.toMatch(/\[batch\] .* origin$/m);
  });

  test("a job that takes too much memory is said to have done so", async () => {
    const result = await build("python3 -c 'bytearray(2000 << 20)'");
    expect(result.exitStatus).toBe(137);
    expect(result.stdout).toContain("Reason: OutOfMemoryError: Container killed due to memory usage");
  });

  test("an image that cannot be pulled is Batch's CannotPullContainerError", async () => {
    const result = await place.build("true", "--image", "127.0.0.1:9/none:1", ...small);
    expect(result.exitStatus).toBe(1);
    expect(result.stdout).toMatch(/^Reason: CannotPullContainerError: .*; Task failed to start$/m);
  });

  test("when local AWS is killed and started again, no container is left, and its jobs have failed", async () => {
    const other = await containerWorkplace();
    await using _ = other;
    await other.write("Snakefile", "rule all:\n");
    await other.run("local-aws", "start", "--executor", "container");
    const running = other.startBuild("echo ready; sleep 600", "--image", image, ...small);
    await running.seen(/\[batch\] .* ready$/m);
    const { stdout: said } = await other.run("local-aws", "status", "--json");
    process.kill(JSON.parse(said).pid, "SIGKILL");
    await other.run("local-aws", "start");
    const result = await running.ended;
    expect(await containersOf(jobIdOf(result))).toBe("");
    expect(result.stdout).toMatch(/^Reason: Host EC2 \(instance i-\w+\) terminated\.$/m);
  });

  test("a time limit is kept, with SIGTERM first", async () => {
    for (;;) {
      const job = await describeJob(timesOut);
      if (job?.status === "FAILED") {
        expect(job.statusReason).toBe("Job attempt duration exceeded timeout");
        expect(job.container?.exitCode).toBe(9);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(await containersOf(timesOut)).toBe("");
  });
});

test("asked for containers where there is no engine, local AWS does not start, and says what to do", async () => {
  await using place = await workplace();
  place.env.PATH = place.home;
  const { stderr, exitStatus } = await place.run("local-aws", "start", "--executor", "container");
  expect(exitStatus).toBe(1);
  expect(stderr).toContain("Jobs cannot run in containers here: there is no docker or podman.");
  expect(stderr).toContain("leave --executor container out");
  expect((await place.run("local-aws", "start")).exitStatus).toBe(0);
  const { stdout } = await place.run("local-aws", "status");
  expect(stdout).toContain("Jobs run by: processes: there is no docker or podman\n");
});

describe.skipIf(image === "" || !tools)(
  `the example in containers and as processes${suffix || " (needs zip, unzip, snakemake, augur, mafft and iqtree)"}`,
  () => {
    test("gives the same files, byte for byte but for times and logs", { timeout: 600_000 }, async () => {
      await using place = await containerWorkplace();
      const built = async (name: string, ...options: string[]) => {
        const directory = join(place.directory, name, "outbreak");
        await cp(example, directory, {
          recursive: true,
          filter: (source) => !MADE.includes(basename(source)),
        });
        // Augur writes sets in an order that differs from run to run.
        const arguments_ = ["--env", "PYTHONHASHSEED=0", ...options, directory];
        const args = ["build", "--aws-batch", "--local-aws", ...arguments_];
        const result = await runTool(args, { env: place.env, cwd: place.directory });
        expect(result.exitStatus, result.stdout + result.stderr).toBe(0);
        return { directory, stdout: result.stdout };
      };
      const inContainer = await built("container", "--image", image);
      const asProcesses = await built("process");
      expect(inContainer.stdout).toContain("Local AWS runs this job in its image, by ");
      expect(asProcesses.stdout).toContain("Local AWS runs this job without its image, as processes");

      const files = await filesIn(inContainer.directory);
      expect(Object.keys(files)).toEqual(
        expect.arrayContaining(["auspice/outbreak.json", "results/tree.nwk"]),
      );
      expect(files).toEqual(await filesIn(asProcesses.directory));
    });
  },
);

/** Contents of all files but logs and what Snakemake notes for itself; days of the week and the like made equal. */
async function filesIn(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((path) => !path.startsWith(".snakemake/") && !path.endsWith(".log"))
    .sort();
  const contents = paths.map(async (path) => {
    const text = await readFile(join(directory, path), "utf8");
    return [path, text.replace(/"updated": "[\d-]+"/, '"updated": "…"')] as const;
  });
  return Object.fromEntries(await Promise.all(contents));
}
