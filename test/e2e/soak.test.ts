import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DescribeJobDefinitionsCommand, RegisterJobDefinitionCommand } from "@aws-sdk/client-batch";
import { expect, test } from "vitest";
import { useFaults } from "../support/faults.ts";
import { have } from "../support/have.ts";
import { localClients } from "../support/local-clients.ts";
import { firstSeed, roundsOf } from "../support/rounds.ts";
import { runTool } from "../support/run-tool.ts";
import { rotatingKeys } from "../support/users.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** 15 at least, for all faults to come to pass; NEXTSTRAIN_TEST_ROUNDS=40 or more is the long way. Chance falls otherwise for each commit. */
const builds = Math.max(15, roundsOf(15));
const first = firstSeed();
const lines = 200;
/** A build under faults mostly waits. */
const atOnce = 4;

/** Milliseconds from one access key to the next. */
const rotation = 3_000;
/**
 * One build of so many has a job that outlives every key its build begins with, and a program that meets an expired key takes a
 * new one for all services. So that each service is certain to meet one, a key's life ends for the log first, and the log and
 * Batch let it end once each: one of three such builds, at least, comes to its results with the key it began with.
 */
const longEvery = 5;
const longSeconds = 20;
const expiringKeys = [
  { service: "logs", seconds: 8, count: 1 },
  { service: "batch", seconds: 15, count: 1 },
  { service: "s3", seconds: 15 },
];

/**
 * All that a build can end right under: a fifth of all requests fails, also those of jobs; keys and log tokens expire; logs come late;
 * there is no capacity for a while; first attempts lose their host, run out of memory or can't pull their image. Lost lines and
 * streams, disabled queues and the like are in faults.test.ts: the logs of such builds are not whole, or they fail.
 */
const rules = [
  ...expiringKeys.map((rule) => ({ fault: "expired-credentials", from: "user", ...rule })),
  { fault: "expired-tokens", seconds: 1 },
  { fault: "any", service: "s3", probability: 0.2 },
  { fault: "any", service: "logs", probability: 0.2 },
  { fault: "any", service: "batch", probability: 0.2 },
  { fault: "latency", ms: 100, probability: 0.1 },
  { fault: "late-lines", ms: 1500, probability: 0.3 },
  { fault: "late-stream", ms: 1000, skip: 1, count: 5 },
  { fault: "no-capacity", seconds: 1, skip: 2, count: 5 },
  { fault: "spot-reclaim", attempt: 1, seconds: 0.3, count: 3 },
  { fault: "out-of-memory", attempt: 1, seconds: 0.3, skip: 3, count: 4 },
  { fault: "cannot-pull", attempt: 1, skip: 6, count: 4 },
];

/** What the job of a build runs; it takes this many seconds at least. */
const command = (seconds: number) =>
  [
    "cat input.bin input.bin > doubled.bin",
    'i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo "attempt $AWS_BATCH_JOB_ATTEMPT line $i"; done',
    "echo changed > notes.txt",
    `sleep ${seconds}`,
  ].join("; ");

/** Bytes that nothing compresses, the same for the same seed. */
function noise(seed: number, size: number): Buffer {
  const blocks: Buffer[] = [];
  for (let block = 0; block * 64 < size; block += 1) {
    blocks.push(createHash("sha512").update(`${seed} ${block}`).digest());
  }
  return Buffer.concat(blocks).subarray(0, size);
}

/** A definition whose jobs are tried again when that may help, as spot machines want it. */
async function registerPatientDefinition(place: Workplace): Promise<void> {
  await using clients = await localClients(place.env);
  const { jobDefinitions = [] } = await clients.batch.send(
    new DescribeJobDefinitionsCommand({ jobDefinitionName: "nextstrain-job", status: "ACTIVE" }),
  );
  const { containerProperties } = jobDefinitions[0] ?? {};
  await clients.batch.send(
    new RegisterJobDefinitionCommand({
      jobDefinitionName: "patient-job",
      type: "container",
      containerProperties: {
        ...containerProperties,
        resourceRequirements: [
          { type: "VCPU", value: "1" },
          { type: "MEMORY", value: "500" },
        ],
      },
      retryStrategy: {
        attempts: 3,
        evaluateOnExit: [
          { onStatusReason: "Host EC2*", action: "RETRY" },
          { onReason: "OutOfMemoryError*", action: "RETRY" },
          { onReason: "CannotPullContainerError*", action: "RETRY" },
          { onReason: "*", action: "EXIT" },
        ],
      },
    }),
  );
}

/** What is wrong with a build under this seed's directory; nothing where all is well. */
async function build(
  place: Workplace,
  env: Record<string, string>,
  { seed, seconds }: { readonly seed: number; readonly seconds: number },
): Promise<string[]> {
  const directory = join(place.home, `build-${seed}`);
  const input = noise(seed, 9_000_000);
  await mkdir(directory);
  await writeFile(join(directory, "input.bin"), input);
  await writeFile(join(directory, "notes.txt"), "before\n");
  const result = await runTool(
    [
      ...["build", "--aws-batch", "--aws-batch-job", "patient-job"],
      ...["--env", `SEED=${seed}`, "--exec", "sh", directory, "-c", command(seconds)],
    ],
    { env, cwd: place.home },
  );
  const wrong: string[] = [];
  if (result.exitStatus !== 0) wrong.push(`exit status ${result.exitStatus}`);
  const read = (name: string) => readFile(join(directory, name)).catch(() => Buffer.from("(missing)"));
  if (!(await read("doubled.bin")).equals(Buffer.concat([input, input]))) wrong.push("doubled.bin differs");
  if (!(await read("input.bin")).equals(input)) wrong.push("input.bin differs");
  if ((await read("notes.txt")).toString() !== "changed\n") wrong.push("notes.txt differs");
  wrong.push(...wrongLines(result.stdout));
  await rm(directory, { recursive: true });
  return wrong.length === 0
    ? []
    : [
        `seed ${seed}: ${wrong.join(", ")}`,
        result.stdout.replaceAll(/^.*attempt \d line.*\n/gm, ""),
        result.stderr,
      ];
}

/** The last attempt's lines all, those of one that was cut short up to some point: each once, in order. */
function wrongLines(stdout: string): string[] {
  const attempts = new Map<string, number[]>();
  for (const [, attempt = "", line] of stdout.matchAll(/^\[batch\] \[[^\]]*\] attempt (\d) line (\d+)$/gm)) {
    attempts.set(attempt, [...(attempts.get(attempt) ?? []), Number(line)]);
  }
  const last = [...attempts.keys()].sort().at(-1);
  if (last === undefined) return ["no log"];
  return [...attempts].flatMap(([attempt, seen]) => {
    if (seen.some((line, place) => line !== place + 1)) return [`log of attempt ${attempt} is out of order`];
    return attempt === last && seen.length !== lines ? [`log ends at line ${seen.length}`] : [];
  });
}

test.skipIf(!have("zip") || !have("unzip"))(
  `${builds} builds end right while a fifth of all requests fails, seed ${first} (needs zip and unzip)`,
  { timeout: builds * 120_000 },
  async () => {
    await using place = await workplace();
    expect((await place.run("local-aws", "start")).exitStatus).toBe(0);
    await registerPatientDefinition(place);
    await using keys = await rotatingKeys(place, rotation);
    await useFaults(place.env, rules, first);
    const waiting = Array.from({ length: builds }, (_, number) => ({
      seed: first + number,
      seconds: number % longEvery === 0 ? longSeconds : 0.5,
    }));
    const wrong: string[] = [];
    const worker = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        wrong.push(...(await build(place, keys.env, next)));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    expect(wrong.join("\n")).toBe("");
    // Each of them has come to pass, or the test says less than it seems to.
    const { faults } = JSON.parse((await place.run("local-aws", "status", "--json")).stdout);
    expect(faults.rules.filter(({ applied }: { applied: number }) => applied === 0)).toEqual([]);
  },
);
