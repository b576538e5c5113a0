// Random trees, jobs and edits, and a SIGKILL at a random moment of each: in the end the tree is what the table of
// results says, and the bucket holds no unfinished upload. The seeds are others for each commit;
// NEXTSTRAIN_TEST_ROUNDS=200 is the long way.

import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { statSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ListMultipartUploadsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../../bench/bundle.mjs";
import { packSmall } from "../../src/archive/write.ts";
import { type Aws, openAws } from "../../src/aws/clients.ts";
import { findLocalAws, type LocalAws } from "../../src/aws/local-aws.ts";
import { conflictName } from "../../src/results/names.ts";
import { put, readTree } from "../../src/results/test-support.ts";
import {
  CONTENTS,
  type History,
  PATHS,
  randomFrom,
  randomHistory,
  tableSays,
} from "../../src/results/testing-table.ts";
import type { RunId } from "../../src/runs/types.ts";
import { abandonedRuns } from "../../src/runs/unsubmitted.ts";
import { isTemporaryName } from "../../src/workflow/temporary.ts";
import { testContext } from "../support/context.ts";
import { startLocalAws, type TestLocalAws } from "../support/local-aws.ts";
import { firstSeed, roundsOf } from "../support/rounds.ts";
import { tempDir } from "../support/temp-dir.ts";
import type { TransferTask } from "../support/transfer-driver.ts";
import { archiveOf, BUCKET, fetchResults, ship, type TransferPlace } from "../support/transfer-place.ts";

const ROUNDS = roundsOf(50);
/** Where a round's first seed is; what fails is told with its own. */
const FIRST_SEED = firstSeed();
/** Rounds at once: one's processes start while the other's are at work. */
const LANES = 3;
/** A kill that came too late, after the work was done, is tried again so often. */
const TRIES = 4;
/** Every so many rounds it is an upload that is killed: they have more to do. */
const UPLOADS = 4;
/** More than the two parts that are made before a multipart upload is begun; by its name, it isn't compressed. */
const NOISE = { name: "noise.gz", bytes: 18 * 1024 * 1024 };
const LARGE = ["large ".repeat(60_000), "LARGE ".repeat(60_000)];

let aws: Aws;
let service: TestLocalAws;
let local: LocalAws;
let driver: string;
/** Uploads that were killed after they had been begun. */
let leftUnfinished = 0;

beforeAll(async () => {
  service = await startLocalAws();
  const context = { ...testContext({ env: service.env }), now: Date.now };
  const found = await findLocalAws(context);
  if (found === undefined) throw new Error("local AWS is not running");
  local = found;
  aws = await openAws(context, local);
  driver = await bundle("test/support/transfer-driver.ts", service.scratch);
});
afterAll(async () => {
  aws?.[Symbol.dispose]();
  await service?.[Symbol.asyncDispose]();
});

/** Runs tasks in processes that are ready beforehand, and kills them. */
function createKiller() {
  const spares: Promise<ChildProcess>[] = [];
  /** Milliseconds that each kind of task took of late where nobody killed it, which at first nobody does. */
  const spans: { upload?: number; results?: number } = {};
  let kills = 0;
  const launch = async () => {
    const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };
    const child = fork(driver, { env, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    await heard(child, "ready");
    return child;
  };
  const start = () => {
    const child = launch();
    // It is waited for in its turn.
    child.catch(() => {});
    return child;
  };
  return {
    kills: () => kills,
    /** Resolves to whether it was killed before it was done. */
    async killed(task: TransferTask): Promise<boolean> {
      while (spares.length < LANES) spares.push(start());
      const child = await (spares.shift() ?? start());
      const kind = task.runId === undefined ? "upload" : "results";
      const closed = once(child, "close");
      child.send(task);
      await heard(child, "begun");
      const began = performance.now();
      const done = heard(child, "done").then(
        () => true,
        () => false,
      );
      const span = spans[kind];
      const life = span && setTimeout(() => child.kill("SIGKILL"), Math.random() * span);
      const isDone = await done;
      clearTimeout(life);
      if (isDone) {
        const took = performance.now() - began;
        spans[kind] = 0.7 * (span ?? took) + 0.3 * took;
        // Unless the kill is on its way already.
        if (child.killed) await closed;
        else spares.push(Promise.resolve(child));
        return false;
      }
      await closed;
      // Kills in a row may have come early by chance; or the machine has become slower.
      spans[kind] = 1.05 * (spans[kind] ?? 0);
      kills++;
      return true;
    },
    async [Symbol.asyncDispose]() {
      for (const spare of await Promise.allSettled(spares)) {
        if (spare.status === "fulfilled") spare.value.kill("SIGKILL");
      }
    },
  };
}

/** Waits for a word from a process; rejects where it ends before. */
function heard(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const listen = (message: unknown) => {
      if (message === word) end(resolve);
    };
    const ended = () => end(() => reject(new Error(`ended before it was ${word}`)));
    const end = (settle: () => void) => {
      child.off("message", listen);
      child.off("exit", ended);
      settle();
    };
    child.on("message", listen);
    child.on("exit", ended);
  });
}

type Killer = ReturnType<typeof createKiller>;

async function unfinishedUploads(): Promise<string[]> {
  const { Uploads = [] } = await aws.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
  return Uploads.map(({ Key }) => Key ?? "");
}

/** The tree without the temporary files of programs that were killed. */
function filesIn(directory: string): Record<string, string> {
  const files = Object.entries(readTree(directory)).filter(
    ([path]) => !path.endsWith("/") && !isTemporaryName(path.slice(path.lastIndexOf("/") + 1)),
  );
  return Object.fromEntries(files);
}

/** Uploads; killed in the middle of it, where the seed says so, and then done again. */
async function upload(place: TransferPlace, killer: Killer, seed: number, exclude: string[]): Promise<RunId> {
  const { directory, home } = place;
  const noise = join(directory, NOISE.name);
  if (seed % UPLOADS === 0) {
    const before = readTree(directory);
    const bytes = randomBytes(NOISE.bytes);
    await writeFile(noise, bytes);
    for (let tries = 0; tries < TRIES; tries++) {
      if (await killer.killed({ local, home, directory, runId: undefined, exclude })) break;
    }
    const left = await abandonedRuns(runsIn(home), Date.now());
    if (left.some(({ upload }) => upload?.id !== undefined)) leftUnfinished++;
    expect(bytes.equals(await readFile(noise))).toBe(true);
    const { [NOISE.name]: _, ...after } = readTree(directory);
    expect(after).toEqual(before);
  }
  const { runId } = await ship(place, exclude);
  await rm(noise, { force: true });
  const names = await readdir(runsIn(home));
  expect(names.filter((name) => name.endsWith(".unsubmitted") || isTemporaryName(name))).toEqual([]);
  return runId;
}

const runsIn = (home: string) => join(home, ".nextstrain/aws-batch/runs");

/** The job's side: its files take the place of the archive. */
async function work(runId: RunId, files: Record<string, string>): Promise<void> {
  const inputs = Object.entries(files).map(([path, text]) => {
    const source = Buffer.from(text);
    return { path, kind: "file" as const, source, size: source.length, mtimeMs: Date.now(), mode: 0o644 };
  });
  const Body = await packSmall(inputs, { signal: new AbortController().signal });
  const { bucket: Bucket, key: Key } = archiveOf(runId);
  await aws.s3.send(new PutObjectCommand({ Bucket, Key, Body }));
}

async function round(seed: number, killer: Killer): Promise<void> {
  await using scratch = await tempDir();
  const random = randomFrom(seed, [...CONTENTS, ...LARGE]);
  const home = join(scratch.path, "home");
  const directory = join(scratch.path, "build");
  await mkdir(directory);
  // One file at least is uploaded, and one comes back.
  put(directory, "Snakefile", "rule all:\n");
  const fixed = { excluded: false, jobWrote: true, job: "new", before: "rule all:\n" };
  const histories = new Map<string, History>([["Snakefile", { ...fixed, here: fixed.before }]]);
  for (const path of PATHS) histories.set(path, randomHistory(random));
  for (const [path, { before }] of histories) if (before !== undefined) put(directory, path, before);
  const timeOf = (path: string) => statSync(join(directory, path), { throwIfNoEntry: false })?.mtimeMs;
  const times = new Map([...histories.keys()].map((path) => [path, timeOf(path)]));
  const excluded = [...histories].filter(([, history]) => history.excluded).map(([path]) => `/${path}`);
  const runId = await upload({ aws, home, directory }, killer, seed, excluded);

  const jobs = [...histories].flatMap(([path, { job }]) => (job === undefined ? [] : [[path, job]]));
  await work(runId, Object.fromEntries(jobs));
  const edit = async (path: string, content: string | undefined) =>
    content === undefined ? rm(join(directory, path), { force: true }) : put(directory, path, content);
  for (const [path, { before, here }] of histories) if (here !== before) await edit(path, here);

  // On another computer there is only the manifest.
  const knowledge = random.chance(0.7) ? "record" : "manifest";
  const place = { aws, directory, home: knowledge === "record" ? home : join(scratch.path, "elsewhere") };
  const expected = () => {
    const here = filesIn(directory);
    const after = { ...here };
    for (const [path, history] of histories) {
      const writtenSince = timeOf(path) !== times.get(path);
      const says = tableSays({ ...history, here: here[path], writtenSince }, knowledge);
      if (says.here !== undefined) after[path] = says.here;
      if (says.beside !== undefined) after[conflictName(path, runId)] = says.beside;
    }
    return { here, after };
  };
  for (let kills = 1 + random.below(2), tries = TRIES; kills > 0 && tries > 0; tries--) {
    const { here, after } = expected();
    const wasKilled = await killer.killed({ local, home: place.home, directory, runId, exclude: [] });
    for (const [path, content] of Object.entries(filesIn(directory))) {
      // Old or new, and nothing in between.
      expect([here[path], after[path]], path).toContain(content);
    }
    expect(Object.keys(filesIn(directory))).toEqual(expect.arrayContaining(Object.keys(here)));
    if (!wasKilled) break;
    kills--;
    // Nobody waits for the program to be started again.
    if (random.chance(0.5)) {
      await edit(PATHS[random.below(PATHS.length)] ?? "", random.chance(0.3) ? undefined : random.content());
    }
  }
  const { after } = expected();
  await fetchResults(place, runId);
  const tree = Object.entries(readTree(directory)).filter(([path]) => !path.endsWith("/"));
  expect(Object.fromEntries(tree)).toEqual(after);
}

const seeds = `seeds ${FIRST_SEED} to ${FIRST_SEED + ROUNDS - 1}`;

test(`random histories with kills in them end as the table says, and leave no unfinished upload (${seeds})`, {
  timeout: 120_000 + ROUNDS * 10_000,
}, async ({ annotate }) => {
  await using killer = createKiller();
  let next = FIRST_SEED;
  let isBroken = false;
  const lane = async () => {
    // As many more rounds as it takes for chance to have met all.
    const isEnough = () => killer.kills() >= ROUNDS && leftUnfinished > ROUNDS / 40;
    while (!isBroken && (next < FIRST_SEED + ROUNDS || !isEnough())) {
      const seed = next++;
      await round(seed, killer).catch((error: unknown) => {
        isBroken = true;
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
      });
    }
  };
  // All of them, so that no other round is at work still where one has failed.
  for (const ended of await Promise.allSettled(Array.from({ length: LANES }, lane)))
    if (ended.status === "rejected") throw ended.reason;
  expect(await unfinishedUploads()).toEqual([]);
  // There was something to be cleaned up.
  expect(leftUnfinished).toBeGreaterThan(ROUNDS / 40);
  await annotate(
    `seeds ${FIRST_SEED} to ${next - 1}: ${killer.kills()} kills, ${leftUnfinished} unfinished uploads`,
  );
});
