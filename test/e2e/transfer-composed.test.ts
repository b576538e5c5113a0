// Short histories of runs, small ones, others for each commit: what comes out composed is judged by the programs that the job and
// others read it with. transfer-history.test.ts has few and long ones. NEXTSTRAIN_TEST_ROUNDS=200 is the long way.
import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { GetObjectCommand, ListMultipartUploadsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Aws, openAws } from "../../src/aws/clients.ts";
import { findLocalAws } from "../../src/aws/local-aws.ts";
import { testContext } from "../support/context.ts";
import { have } from "../support/have.ts";
import { startLocalAws, type TestLocalAws } from "../support/local-aws.ts";
import { seededNumbers } from "../support/random.ts";
import { firstSeed, roundsOf } from "../support/rounds.ts";
import { tempDir } from "../support/temp-dir.ts";
import { archiveOf, BUCKET, fetchResults, ship, type TransferPlace } from "../support/transfer-place.ts";

const MIB = 1024 * 1024;
const HISTORIES = roundsOf(40);
const FIRST_SEED = firstSeed();
const LANES = 3;
const run = promisify(execFile);

/** Reads archives' names, a line each; answers what is in them. Names are raw UTF-8, which it takes for CP437. */
const JUDGE = `
import hashlib, json, sys, zipfile
for line in sys.stdin:
    try:
        with zipfile.ZipFile(line.rstrip("\\n")) as archive:
            told = {}
            for info in archive.infolist():
                if info.is_dir(): continue
                name = info.filename if info.flag_bits & 0x800 else info.filename.encode("cp437").decode()
                assert name not in told, name
                mode = oct(info.external_attr >> 16 & 0o777)
                told[name] = [hashlib.sha256(archive.read(info)).hexdigest(), mode]
    except Exception as error:
        told = repr(error)
    print(json.dumps(told), flush=True)
`;

/** The same history for the same seed. */
function randomFrom(seed: number) {
  const next = seededNumbers(seed);
  return {
    chance: (probability: number) => next() < probability,
    below: (limit: number) => Math.floor(next() * limit),
    from: <Item>(items: readonly Item[]) => items[Math.floor(next() * items.length)],
  };
}

type Random = ReturnType<typeof randomFrom>;

async function filesIn(directory: string): Promise<string[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1)).sort();
}

/** As the judge tells it: contents and permission bits. */
async function statesIn(directory: string): Promise<Record<string, [string, string]>> {
  const states: Record<string, [string, string]> = {};
  for (const name of await filesIn(directory)) {
    // Never uploaded.
    if (name.startsWith(".snakemake/")) continue;
    const path = join(directory, name);
    const hash = createHash("sha256").update(await readFile(path));
    states[name] = [hash.digest("hex"), `0o${((await stat(path)).mode & 0o777).toString(8)}`];
  }
  return states;
}

async function put(directory: string, name: string, bytes: string | Uint8Array, { below }: Random) {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes, { mode: below(2) === 0 ? 0o644 : 0o755 });
  const time = 1_600_000_000 + below(1e8) + below(1000) / 1000;
  await utimes(path, time, time);
}

const noise = (random: Random, limit: number) => randomBytes(random.below(limit));

/** So much that it is worth composing, most of it in a few files. What looks compressed takes less time to send. */
async function fill(directory: string, random: Random): Promise<void> {
  let size = 0;
  for (let number = 0; size < 8.5 * MIB; number++) {
    const bytes = noise(random, 2 * MIB);
    size += bytes.length;
    const kind = random.chance(0.2) ? "bin" : "gz";
    await put(directory, `data/${random.below(100)} ${number}.${kind}`, bytes, random);
  }
  for (let number = 0; number < 8; number++) {
    const text = `line ${random.below(1e6)}\n`.repeat(random.below(300));
    await put(directory, `text/${number % 3}/ä${number}.tsv`, text, random);
  }
}

async function edit(directory: string, random: Random): Promise<void> {
  for (let changes = random.below(4); changes > 0; changes--) {
    const name = random.from(await filesIn(directory)) ?? "";
    const path = join(directory, name);
    const { atime, mtime, size } = await stat(path);
    switch (random.below(5)) {
      case 0:
        await put(directory, name, noise(random, MIB / 4), random);
        break;
      case 1:
        await rm(path);
        break;
      case 2:
        await rename(path, `${path}.moved`);
        break;
      case 3:
        await put(directory, `new/${random.below(1e6)}`, noise(random, 3000), random);
        break;
      case 4:
        // Nothing but the inode's change time tells of it.
        await writeFile(path, randomBytes(size));
        await utimes(path, atime, mtime);
        break;
    }
  }
}

/** Changes and makes files in the job's directory, of which only those are there: `zip -u` leaves the others alone. */
async function work(inside: string, archive: string, names: readonly string[], random: Random) {
  await mkdir(inside);
  const write = async (name: string, bytes: string | Uint8Array) => {
    await mkdir(dirname(join(inside, name)), { recursive: true });
    await writeFile(join(inside, name), bytes);
  };
  for (const name of names) if (random.chance(0.08)) await write(name, noise(random, MIB / 16));
  if (random.chance(0.7)) await write("results/tree.nwk", noise(random, MIB / 8));
  if (random.chance(0.7)) await write("results/tree.json", `${random.below(1e6)}`.repeat(3000));
  await write(".snakemake/log/é.log", "log\n");
  const { stdout, stderr } = await run("zip", ["-u", "-r", archive, "."], {
    cwd: inside,
    env: { ...process.env, TZ: "UTC" },
  });
  expect(`${stdout}${stderr}`).not.toMatch(/warning|error|mismatch|does not match/i);
  await rm(inside, { recursive: true });
}

const needed = have("zip") && have("unzip") && have("python3");

describe.skipIf(!needed)("many short histories of composed archives (needs zip, unzip and python3)", () => {
  let service: TestLocalAws;
  let aws: Aws;
  let judge: ChildProcessWithoutNullStreams;
  let verdicts: AsyncIterator<string>;
  let asked = Promise.resolve();
  let reused = 0;
  let composed = 0;

  beforeAll(async () => {
    service = await startLocalAws();
    const context = { ...testContext({ env: service.env }), now: Date.now };
    aws = await openAws(context, await findLocalAws(context));
    judge = spawn("python3", ["-c", JUDGE]);
    verdicts = createInterface(judge.stdout)[Symbol.asyncIterator]();
  });
  afterAll(async () => {
    judge?.kill();
    aws?.[Symbol.dispose]();
    await service?.[Symbol.asyncDispose]();
  });

  /** One after the other. */
  function judged(archive: string): Promise<unknown> {
    const verdict = asked.then(async () => {
      judge.stdin.write(`${archive}\n`);
      return JSON.parse((await verdicts.next()).value ?? '"the judge has gone"');
    });
    asked = verdict.catch(() => {});
    return verdict;
  }

  async function history(seed: number): Promise<void> {
    await using scratch = await tempDir();
    const random = randomFrom(seed);
    const place: TransferPlace = {
      aws,
      directory: join(scratch.path, "build"),
      home: join(scratch.path, "home"),
    };
    const { directory } = place;
    await mkdir(directory);
    await fill(directory, random);
    for (let number = 0, runs = random.chance(0.2) ? 3 : 2; number < runs; number++) {
      const shipped = await ship(place);
      const { bucket: Bucket, key: Key } = archiveOf(shipped.runId);
      const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket, Key }));
      const archive = join(scratch.path, "archive.zip");
      await writeFile(archive, (await Body?.transformToByteArray()) ?? "");
      if (shipped.reused > 0) {
        composed++;
        reused += shipped.reused;
        const [verdict, states] = await Promise.all([
          judged(archive),
          statesIn(directory),
          run("unzip", ["-tqq", archive]),
        ]);
        expect(verdict).toEqual(states);
      }
      await work(join(scratch.path, "job"), archive, await filesIn(directory), random);
      if (number === runs - 1) break;
      await aws.s3.send(new PutObjectCommand({ Bucket, Key, Body: await readFile(archive) }));
      if (random.chance(0.8)) await fetchResults(place, shipped.runId);
      await edit(directory, random);
    }
  }

  const seeds = `seeds ${FIRST_SEED} to ${FIRST_SEED + HISTORIES - 1}`;

  test(`hold what the directory holds, whoever reads them (${seeds})`, {
    timeout: 120_000 + HISTORIES * 10_000,
  }, async ({ annotate }) => {
    let next = FIRST_SEED;
    let isBroken = false;
    const lane = async () => {
      while (!isBroken && next < FIRST_SEED + HISTORIES) {
        const seed = next++;
        await history(seed).catch((error: unknown) => {
          isBroken = true;
          throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, {
            cause: error,
          });
        });
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await annotate(
      `seeds ${FIRST_SEED} to ${next - 1}: ${composed} archives composed, ${Math.round(reused / MIB)} MiB of them copied`,
    );
    expect(composed).toBeGreaterThan(HISTORIES / 2);
    const { Uploads = [] } = await aws.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    expect(Uploads).toEqual([]);
  });
});
