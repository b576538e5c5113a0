import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ArchiveInput } from "../../src/archive/types.ts";
import { packSmall } from "../../src/archive/write.ts";
import { type Aws, openAws } from "../../src/aws/clients.ts";
import { findLocalAws } from "../../src/aws/local-aws.ts";
import { newRunId, toJobId } from "../../src/runs/ids.ts";
import type { RunId } from "../../src/runs/types.ts";
import { bringBack } from "../../src/runtimes/aws-batch/bring-back.ts";
import { testContext } from "../support/context.ts";
import { startLocalAws, type TestLocalAws } from "../support/local-aws.ts";
import { tempDir } from "../support/temp-dir.ts";

const BUCKET = "nextstrain-jobs";
const signal = new AbortController().signal;
const CENTRAL_RECORD = Buffer.from("PK\x01\x02");
const END_RECORD = Buffer.from("PK\x05\x06");

function archiveOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<Buffer> {
  const inputs = Object.entries(files).map(([path, content]): ArchiveInput => {
    const source = Buffer.from(content);
    return { path, kind: "file", source, size: source.length, mtimeMs: 1_700_000_000_000, mode: 0o644 };
  });
  return packSmall(inputs, { signal }).then((bytes) => Buffer.from(bytes));
}

const state = (path: string) => ({
  ...{ path, size: 1, mtimeMs: 0, mode: 0o644, crc32: 1, sha256: "0".repeat(64) },
});

describe("results that somebody else wrote into the bucket", () => {
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

  /** Brings an archive's files into `build/`, and tells what then lies in and around it. */
  async function bring(
    archive: Uint8Array,
    uploaded: readonly object[] = [],
    prepare: (directory: string) => Promise<void> = async () => {},
    wanted: ((path: string) => boolean) | undefined = undefined,
    manifestOf: RunId | undefined = undefined,
  ) {
    await using temporary = await tempDir();
    const directory = join(temporary.path, "build");
    await mkdir(directory);
    await prepare(directory);
    const runId = newRunId();
    const put = (Key: string, Body: Uint8Array) =>
      aws.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
    await put(`${runId}.zip`, archive);
    await put(
      `${runId}.json.gz`,
      gzipSync(JSON.stringify({ version: 1, runId: manifestOf ?? runId, uploaded })),
    );
    const context = { ...testContext({ home: join(temporary.path, "home") }), now: Date.now };
    const place = { root: directory, directory, subdirectory: "" };
    const workdir = { bucket: BUCKET, key: `${runId}.zip` };
    const run = { jobId: toJobId("job"), jobName: runId, origin: undefined, job: undefined };
    const error: unknown = await bringBack(
      context,
      aws,
      { ...run, runId, workdir, place },
      { place, wanted, signal },
    ).catch((reason: unknown) => reason);
    const names = await readdir(temporary.path, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return {
      error: error instanceof Error ? error.message : "",
      warnings: context.output.err.join("\n"),
      said: context.output.out.join("\n"),
      files: files.map((path) => path.slice(temporary.path.length + 1)).sort(),
    };
  }

  test.each(["/etc/nextstrain-test", "../outside", "a/../../outside", "a//b", "./c"])(
    "named %s are refused by that name, and the others come",
    async (name) => {
      const { error, warnings, files } = await bring(
        await archiveOf({ [name]: "hostile", "good.txt": "good" }),
      );
      expect(error).toBe("");
      expect(warnings).toContain(`'${name}' in the archive is refused`);
      expect(files).toEqual(["build/good.txt"]);
    },
  );

  test("do not go through a link that leads out of the directory", async () => {
    const { files } = await bring(await archiveOf({ "link/file": "hostile" }), [], async (directory) => {
      await mkdir(`${directory}-elsewhere`);
      await symlink(`${directory}-elsewhere`, join(directory, "link"));
    });
    expect(files.filter((file) => file.startsWith("build-elsewhere"))).toEqual([]);
  });

  test("are never links, pipes or devices", async () => {
    for (const type of [0o120_777, 0o010_644, 0o020_644, 0o060_644, 0o140_755]) {
      const archive = await archiveOf({ link: "/etc/passwd", "good.txt": "good" });
      // The type in the directory's record, at 40.
      archive.writeUInt16LE(type, archive.indexOf(CENTRAL_RECORD) + 40);
      const { error, warnings, files } = await bring(archive);
      expect(error).toBe("");
      expect(warnings).toContain("'link' in the archive is refused: it is a link or a device");
      expect(files).toEqual(["build/good.txt"]);
    }
  });

  test("that inflate to more than they say are not written", async () => {
    const archive = await archiveOf({ "bomb.txt": "0".repeat(1_000_000) });
    archive.writeUInt32LE(1000, archive.indexOf(CENTRAL_RECORD) + 24);
    const { error, warnings, files } = await bring(archive);
    expect(error).toBe("1 file is damaged in the job's archive; all others are here.");
    expect(warnings).toContain('"bomb.txt" in the archive has another size than its directory says');
    expect(files).toEqual([]);
  });

  test("of which some are damaged come but for those, on each try", async () => {
    const content = (at: number) => `${at} `.repeat(at * 100);
    const names = Array.from({ length: 30 }, (_, at) => `results/${at}.txt`);
    const archive = await archiveOf(Object.fromEntries(names.map((name, at) => [name, content(at)])));
    const damaged = ["results/3.txt", "results/20.txt", "results/29.txt"];
    for (const name of damaged) {
      // Each name stands first in its local header, before the data.
      const header = archive.indexOf(name) - 30;
      const data = header + 30 + name.length + archive.readUInt16LE(header + 28);
      archive.fill(0x55, data, data + 2);
    }
    const { error, warnings, files } = await bring(archive);
    expect(error).toBe("3 files are damaged in the job's archive; all others are here.");
    for (const name of damaged) expect(warnings).toContain(`"${name}" in the archive is damaged`);
    const sound = names.filter((name) => !damaged.includes(name)).map((name) => `build/${name}`);
    expect(files).toEqual(sound.sort());
  });

  test("that lie in each other are refused", async () => {
    const archive = await archiveOf({ "one.txt": "one", "two.txt": "two" });
    const second = archive.lastIndexOf(CENTRAL_RECORD);
    archive.writeUInt32LE(0, second + 42);
    const { error, files } = await bring(archive);
    expect(error).toMatch(/overlaps/);
    expect(files).toEqual([]);
  });

  test("whose directory is broken are refused", async () => {
    const archive = await archiveOf({ "one.txt": "one", "two.txt": "two" });
    archive.writeUInt32LE(1, archive.lastIndexOf(CENTRAL_RECORD));
    expect(await bring(archive)).toMatchObject({ error: expect.stringMatching(/damaged/), files: [] });
    const counted = await archiveOf({ "one.txt": "one" });
    counted.writeUInt16LE(7, counted.lastIndexOf(END_RECORD) + 10);
    expect((await bring(counted)).files).toEqual([]);
    expect(await bring(Buffer.from("no archive at all"))).toMatchObject({
      error: expect.stringMatching(/archive/),
      files: [],
    });
  });

  test("with a manifest of other files say so", async () => {
    const { warnings, files } = await bring(await archiveOf({ "good.txt": "good" }), [state("missing.txt")]);
    expect(warnings).toContain(
      "'missing.txt' in the archive is refused: the manifest has it, but the archive doesn't",
    );
    expect(files).toEqual(["build/good.txt"]);
  });

  test("with a manifest of 130,000 other files say so of the first few, and how many more there are", async () => {
    const missing = Array.from({ length: 130_000 }, (_, at) => state(`missing-${at}`));
    const { error, warnings, files } = await bring(await archiveOf({ "good.txt": "good" }), missing);
    expect(error).toBe("");
    expect(files).toEqual(["build/good.txt"]);
    expect(warnings.split("\n")).toHaveLength(21);
    expect(warnings).toMatch(/^Warning: 129,980 more names in the archive are refused\.$/m);
  });

  test("of which none are wanted are not said to be unchanged", async () => {
    const archive = await archiveOf({ "good.txt": "good" });
    const { said, files } = await bring(archive, [], undefined, (path) => path === "other.txt");
    expect(files).toEqual([]);
    expect(said).toMatch(
      /^Downloading nothing to .*: the job changed no files that --download and --exclude-from-download choose$/m,
    );
  });

  test("that are here already are not said to be unchanged", async () => {
    const archive = await archiveOf({ "good.txt": "good" });
    const { said, files } = await bring(archive, [], (directory) =>
      writeFile(join(directory, "good.txt"), "good"),
    );
    expect(files).toEqual(["build/good.txt"]);
    expect(said).toMatch(/^Downloading nothing to .*: all that the job changed is here already$/m);
  });

  test("with a manifest of another run are left in the bucket", async () => {
    const other = newRunId();
    const archive = await archiveOf({ "good.txt": "good" });
    const { error, files } = await bring(archive, [], undefined, undefined, other);
    expect(error).toBe(`The run's manifest in the bucket is refused: it is of the run ${other}.`);
    expect(files).toEqual([]);
  });

  test("with a manifest of unsafe names are left in the bucket", async () => {
    const { error, files } = await bring(await archiveOf({ "good.txt": "good" }), [state("../outside")]);
    expect(error).toContain("'../outside' is unsafe");
    expect(files).toEqual([]);
  });
});
