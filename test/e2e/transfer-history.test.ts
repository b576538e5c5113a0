import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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
import {
  archiveOf,
  BUCKET,
  fetchResults,
  type Shipped,
  ship as shipPlace,
  type TransferPlace,
} from "../support/transfer-place.ts";

const MIB = 1024 * 1024;
/** Long ones, more with NEXTSTRAIN_TEST_ROUNDS=200; transfer-composed.test.ts has many short ones. */
const HISTORIES = Math.ceil(roundsOf(70) / 70);
const FIRST_SEED = firstSeed();
const RUNS = 5;
const run = promisify(execFile);

const JUDGE = `
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    bad = archive.testzip()
    assert bad is None, bad
    names = [name for name in archive.namelist() if not name.endswith("/")]
    print(json.dumps({name: hashlib.sha256(archive.read(name)).hexdigest() for name in names}))
`;

async function hashesOf(directory: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(directory.length + 1);
    hashes[name] = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
  }
  return hashes;
}

interface Downloaded extends Shipped {
  /** The archive, as a file. */
  readonly archive: string;
}

async function ship(place: TransferPlace, scratch: string): Promise<Downloaded> {
  const shipped = await shipPlace(place);
  const { Body } = await place.aws.s3.send(new GetObjectCommand(objectOf(shipped)));
  const archive = join(scratch, `${shipped.runId}.zip`);
  await writeFile(archive, (await Body?.transformToByteArray()) ?? "");
  return { ...shipped, archive };
}

const objectOf = ({ runId }: Shipped) => ({ Bucket: BUCKET, Key: archiveOf(runId).key });

async function fill(directory: string, random: () => number): Promise<void> {
  for (let number = 0; number < 12; number++) {
    await put(directory, `data/large ${number}.bin`, randomBytes(Math.floor(random() * 3 * MIB)), random);
  }
  for (let number = 0; number < 30; number++) {
    await put(directory, `text/${number % 5}/ä${number}.tsv`, `line ${random()}\n`.repeat(300), random);
  }
}

async function put(directory: string, name: string, bytes: string | Uint8Array, random: () => number) {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  const time = 1_600_000_000 + Math.floor(random() * 1e8) + random();
  await utimes(path, time, time);
}

/** What a user does between runs; the last of these is what only the inode's change time tells of. */
async function edit(directory: string, random: () => number, changes: number): Promise<void> {
  for (let change = 0; change < changes; change++) {
    const names = Object.keys(await hashesOf(directory));
    const name = names[Math.floor(random() * names.length)] ?? "";
    const path = join(directory, name);
    const before = await stat(path);
    switch (Math.floor(random() * 7)) {
      case 0:
        await put(directory, name, randomBytes(Math.floor(random() * 2 * MIB)), random);
        break;
      case 1:
        await rm(path);
        break;
      case 2:
        await rename(path, `${path}.moved`);
        break;
      case 3:
        await utimes(path, before.atime, new Date(before.mtimeMs - 5000));
        break;
      case 4:
        await chmod(path, before.mode & 0o100 ? 0o644 : 0o755);
        break;
      case 5:
        await put(directory, `new/${Math.floor(random() * 1e6)}`, randomBytes(1000), random);
        break;
      case 6:
        await writeFile(path, randomBytes(before.size));
        await utimes(path, before.atime, before.mtime);
        break;
    }
  }
}

/** A job: changes some files and makes others, then does as the image's entrypoint does. */
async function work(
  place: TransferPlace,
  shipped: Downloaded,
  scratch: string,
  random: () => number,
): Promise<void> {
  const inside = join(scratch, `job-${shipped.runId}`);
  await mkdir(inside);
  await run("unzip", ["-q", "-:", "-o", shipped.archive, "-d", inside]);
  const changed = Object.keys(await hashesOf(inside)).filter(() => random() < 0.1);
  for (const name of changed) {
    await writeFile(join(inside, name), randomBytes(Math.floor(random() * MIB)));
  }
  await mkdir(join(inside, "results"), { recursive: true });
  if (random() < 0.8) await writeFile(join(inside, "results/tree.nwk"), randomBytes(4 * MIB));
  if (random() < 0.8) await writeFile(join(inside, "results/tree.json"), `${random()}`.repeat(20_000));
  // 12: nothing to do.
  await run("zip", ["-q", "-u", "-r", shipped.archive, ".", "-x", ".snakemake/*"], {
    cwd: inside,
    env: { ...process.env, TZ: "UTC" },
  }).catch((error: { code?: unknown }) => {
    if (error.code !== 12) throw error;
  });
  const Body = await readFile(shipped.archive);
  await place.aws.s3.send(new PutObjectCommand({ ...objectOf(shipped), Body }));
  await rm(inside, { recursive: true });
}

const needed = have("zip") && have("unzip") && have("python3");

describe.skipIf(!needed)("archives composed run after run (needs zip, unzip and python3)", () => {
  let local: TestLocalAws;
  let aws: Aws;

  beforeAll(async () => {
    local = await startLocalAws();
    const context = { ...testContext({ env: local.env }), now: Date.now };
    aws = await openAws(context, await findLocalAws(context));
  });
  afterAll(async () => {
    aws?.[Symbol.dispose]();
    await local?.[Symbol.asyncDispose]();
  });

  async function inPlace(act: (place: TransferPlace, scratch: string) => Promise<void>): Promise<void> {
    await using temporary = await tempDir();
    const directory = join(temporary.path, "build");
    const home = join(temporary.path, "home");
    await mkdir(directory);
    await act({ aws, home, directory }, temporary.path);
  }

  test("hold what the directory holds, whoever reads them, and the job's results come along", {
    timeout: 60_000 + HISTORIES * 60_000,
  }, async () => {
    let reused = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + HISTORIES; seed++) {
      const random = seededNumbers(seed);
      await inPlace(async (place, scratch) => {
        await fill(place.directory, random);
        for (let number = 0; number < RUNS; number++) {
          const shipped = await ship(place, scratch);
          reused += shipped.reused;
          await run("unzip", ["-tqq", shipped.archive]);
          const { stdout } = await run("python3", ["-c", JUDGE, shipped.archive], { maxBuffer: MIB });
          // Python reads names without flag bit 11 as CP437: the hashes are what is compared.
          const here = await hashesOf(place.directory);
          expect(Object.values(JSON.parse(stdout)).sort(), `seed ${seed}, run ${number}`).toEqual(
            Object.values(here).sort(),
          );
          const inside = join(scratch, "unpacked");
          await run("unzip", ["-q", shipped.archive, "-d", inside]);
          expect(await hashesOf(inside), `seed ${seed}, run ${number}`).toEqual(here);
          for (const name of Object.keys(here)) {
            const [one, other] = await Promise.all([
              stat(join(inside, name)),
              stat(join(place.directory, name)),
            ]);
            expect([name, one.mode, Math.floor(one.mtimeMs / 1000)]).toEqual([
              name,
              other.mode,
              Math.floor(other.mtimeMs / 1000),
            ]);
          }
          await rm(inside, { recursive: true });
          await work(place, shipped, scratch, random);
          await fetchResults(place, shipped.runId);
          await edit(place.directory, random, Math.floor(random() * 5));
        }
      });
    }
    expect(reused).toBeGreaterThan(0);
    const { Uploads = [] } = await aws.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
    expect(Uploads).toEqual([]);
  });

  test("cost next to nothing where nothing changed, results included", async () => {
    await inPlace(async (place, scratch) => {
      await fill(place.directory, seededNumbers(7));
      const first = await ship(place, scratch);
      expect(first.reused).toBe(0);
      await work(place, first, scratch, () => 0.5);
      await fetchResults(place, first.runId);
      expect((await stat(join(place.directory, "results/tree.nwk"))).size).toBe(4 * MIB);
      const second = await ship(place, scratch);
      expect(second.sent).toBeLessThan(64 * 1024);
      expect(second.reused).toBeGreaterThan(4 * MIB);
    });
  });

  test("cost next to nothing where a link's name was used for the directory, either", async () => {
    await inPlace(async (place, scratch) => {
      await fill(place.directory, seededNumbers(6));
      const first = await ship(place, scratch);
      await work(place, first, scratch, () => 0.5);
      const link = join(scratch, "link");
      await symlink(place.directory, link);
      const byLink = { ...place, directory: link };
      await fetchResults(byLink, first.runId);
      const second = await ship(byLink, scratch);
      expect(second.sent).toBeLessThan(64 * 1024);
      expect(second.reused).toBeGreaterThan(4 * MIB);
    });
  });

  test("cost next to nothing for results that came before the download was stopped, either", async () => {
    await inPlace(async (place, scratch) => {
      await fill(place.directory, seededNumbers(9));
      const first = await ship(place, scratch);
      await work(place, first, scratch, () => 0.5);
      const result = join(place.directory, "results/tree.nwk");
      const stop = new AbortController();
      const fetching = fetchResults(place, first.runId, stop);
      while ((await stat(result).catch(() => undefined)) === undefined) await sleep(1);
      stop.abort(new Error("stopped"));
      await fetching.catch((error: Error) => expect(error.message).toBe("stopped"));
      const second = await ship(place, scratch);
      expect(second.reused).toBeGreaterThan(4 * MIB);
      expect(second.sent).toBeLessThan(MIB);
    });
  });

  test("are sent whole where the last run's archive is gone", async () => {
    await inPlace(async (place, scratch) => {
      await fill(place.directory, seededNumbers(8));
      const first = await ship(place, scratch);
      await aws.s3.send(new PutObjectCommand({ ...objectOf(first), Body: "no archive" }));
      const second = await ship(place, scratch);
      expect(second.reused).toBe(0);
      await run("unzip", ["-tqq", second.archive]);
    });
  });
});
