import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Link, startLink } from "../../bench/link-proxy.mjs";
import { uploadParts } from "../../src/transfer/upload.ts";
import { useFaults } from "../support/faults.ts";
import { have } from "../support/have.ts";
import { startLocalAws, type TestLocalAws } from "../support/local-aws.ts";
import { roundsOf } from "../support/rounds.ts";
import { runTool, startTool } from "../support/run-tool.ts";

const MIB = 1024 * 1024;
const BUCKET = "nextstrain-jobs";
/** Programs killed, more with NEXTSTRAIN_TEST_ROUNDS=200: at random moments from their start to their end. transfer-kills.test.ts kills more, of less each. */
const KILLS = Math.ceil(roundsOf(80) / 10);
/** Milliseconds: about what a run takes. */
const LONGEST_LIFE = 4000;
const RESULTS = ["1", "2", "3", "4"];

/** The program's environment with S3 and the rest of AWS behind a link. */
function behind(local: TestLocalAws, link: Link): Record<string, string> {
  const settings = Object.entries(local.clientEnv).filter(([name]) => /^AWS_(?!CONFIG|SHARED)/.test(name));
  return { ...local.env, ...Object.fromEntries(settings), AWS_ENDPOINT_URL: `http://127.0.0.1:${link.port}` };
}

function s3Of(local: TestLocalAws, endpoint: string, socketTimeout = 60_000): S3Client {
  const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "" } =
    local.clientEnv;
  return new S3Client({
    endpoint,
    region: local.clientEnv.AWS_DEFAULT_REGION ?? local.clientEnv.AWS_REGION ?? "us-east-1",
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 2,
    requestHandler: { socketTimeout },
  });
}

/** Of runs: the test of the silent S3 leaves one of its own. */
async function unfinishedUploads(s3: S3Client): Promise<number> {
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
  return Uploads.filter(({ Key }) => Key?.endsWith(".zip")).length;
}

async function keys(s3: S3Client): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  return Contents.map(({ Key = "" }) => Key);
}

const portOf = (local: TestLocalAws) => Number(new URL(local.endpoint).port);

/** Until so many bytes have gone up. */
async function sent(link: Link, bytes: number): Promise<void> {
  while ((await link.bytes()).up < bytes) await sleep(10);
}

const needed = have("zip") && have("unzip");

describe.skipIf(!needed)("a transfer that breaks (needs zip and unzip)", () => {
  let local: TestLocalAws;
  let s3: S3Client;

  beforeAll(async () => {
    local = await startLocalAws();
    s3 = s3Of(local, local.endpoint);
  });
  afterAll(async () => {
    s3?.destroy();
    await local?.[Symbol.asyncDispose]();
  });

  const build = (directory: string, script: string, ...options: string[]) => [
    ...["build", "--aws-batch", ...options, "--exec", "sh", directory, "-c", script],
  ];

  test("ends the program where S3 goes away in the middle; the next run aborts what is left of it", async () => {
    const directory = join(local.scratch, "gone");
    await mkdir(directory);
    await writeFile(join(directory, "noise.bin"), randomBytes(40 * MIB));
    const link = await startLink({ port: portOf(local), mbitPerSecond: 100, roundTripMs: 10 });
    const tool = startTool(build(directory, "true"), { env: behind(local, link) });
    await sent(link, 12 * MIB);
    link.stop();
    const result = await tool.ended;
    expect(result.exitStatus).toBe(1);
    expect(result.stderr).toMatch(/^Error: Could not upload to s3:.*: AWS can't be reached/m);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(result.stdout).not.toMatch(/AWS Batch Job ID/);
    expect(await unfinishedUploads(s3)).toBe(1);

    const other = await startLink({ port: portOf(local) });
    try {
      const next = await runTool(build(directory, "true", "--detach"), { env: behind(local, other) });
      expect(next.stderr).toBe("");
      expect(next.exitStatus).toBe(0);
      expect(await unfinishedUploads(s3)).toBe(0);
    } finally {
      other.stop();
    }
  });

  test("takes away what a run that was killed before its job was submitted left in the bucket, and uses its archive first", async () => {
    const directory = join(local.scratch, "killed-before");
    await mkdir(directory);
    await writeFile(join(directory, "noise.bin"), randomBytes(12 * MIB));
    const link = await startLink({ port: portOf(local) });
    onTestFinished(() => link.stop());
    const env = { ...behind(local, link), SECRET: "abc" };
    const start = () => startTool(build(directory, "true", "--env", "SECRET"), { env });
    const runs = join(local.scratch, ".nextstrain/aws-batch/runs");
    const records = async () =>
      (await readdir(runs).catch(() => [])).filter((name) => /[0-9a-f]\.json$/.test(name)).length;
    const recordsBefore = await records();
    const keysBefore = await keys(s3);
    const newKeys = async () => (await keys(s3)).filter((key) => !keysBefore.includes(key));
    // The archive and the variables are there, and the manifest is on its way for as long as it takes.
    await useFaults(local.env, [{ fault: "latency", ms: 600_000, service: "s3", path: "*.json.gz" }]);
    const killed = start();
    while ((await newKeys()).length < 2 || (await records()) === recordsBefore) await sleep(50);
    killed.child.kill("SIGKILL");
    await killed.ended;
    const left = await newKeys();
    expect(left.map((key) => key.slice("00000000-0000-0000-0000-000000000000".length)).sort()).toEqual([
      "-env.d.zip",
      ".zip",
    ]);

    await useFaults(local.env, []);
    const sentBefore = (await link.bytes()).up;
    expect(await start().ended).toMatchObject({ exitStatus: 0, stderr: "" });
    expect((await link.bytes()).up - sentBefore).toBeLessThan(MIB);
    expect((await keys(s3)).filter((key) => left.includes(key))).toEqual([]);
    expect((await readdir(runs)).filter((name) => name.endsWith(".unsubmitted"))).toEqual([]);
  });

  test("fails where S3 falls silent, rather than waiting for ever", async () => {
    const link = await startLink({ port: portOf(local), mbitPerSecond: 100, roundTripMs: 10 });
    const client = s3Of(local, `http://127.0.0.1:${link.port}`, 500);
    try {
      const parts = (async function* () {
        for (let index = 0; index < 8; index++) yield { index, data: randomBytes(5 * MIB) };
      })();
      const uploading = uploadParts(client, { bucket: BUCKET, key: "silent" }, parts, {
        signal: new AbortController().signal,
      });
      const outcome = uploading.then(
        () => "sent",
        (error: Error) => error.name,
      );
      await sent(link, 8 * MIB);
      link.cut();
      expect(await outcome).toBe("TimeoutError");
    } finally {
      client.destroy();
      link.stop();
    }
  });

  test(`leaves each file old or new, killed at ${KILLS} random moments`, {
    timeout: 60_000 + KILLS * 20_000,
  }, async () => {
    const directory = join(local.scratch, "killed");
    await mkdir(directory);
    // Slow enough that kills meet uploads and downloads, too.
    const link = await startLink({ port: portOf(local), mbitPerSecond: 200, roundTripMs: 2 });
    const env = behind(local, link);
    const script = `mkdir -p out; for k in ${RESULTS.join(" ")}; do { cat input.txt; echo $k; head -c 3000000 /dev/zero; } > out/$k; done; cat input.txt > both.txt`;
    await writeFile(join(directory, "both.txt"), "at first\n");
    try {
      for (let round = 1; round <= KILLS; round++) {
        const noise = randomBytes(10 * MIB);
        await writeFile(join(directory, "noise.bin"), noise);
        await writeFile(join(directory, "input.txt"), `round ${round}\n`);
        const { child } = startTool(build(directory, script), { env });
        const closed = once(child, "close");
        const life = setTimeout(() => child.kill("SIGKILL"), Math.random() * LONGEST_LIFE);
        await closed;
        clearTimeout(life);
        await expectWhole(directory, round, noise);
      }
      await writeFile(join(directory, "input.txt"), `round ${KILLS + 1}\n`);
      const last = await runTool(build(directory, script), { env });
      expect(last.stderr).toBe("");
      expect(last.exitStatus).toBe(0);
      expect((await readdir(directory)).sort()).toEqual(["both.txt", "input.txt", "noise.bin", "out"]);
      expect((await readdir(join(directory, "out"))).sort()).toEqual(RESULTS);
      for (const name of RESULTS) {
        expect((await readFile(join(directory, "out", name), "latin1")).slice(0, 20)).toMatch(
          new RegExp(`^round ${KILLS + 1}\n${name}\n`),
        );
      }
      expect(await unfinishedUploads(s3)).toBe(0);
    } finally {
      link.stop();
    }
  });
});

/** What was ours is as we left it; what is the job's is whole, of this round or an earlier one. */
async function expectWhole(directory: string, round: number, noise: Uint8Array): Promise<void> {
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  expect(hash(await readFile(join(directory, "noise.bin")))).toBe(hash(noise));
  expect(await readFile(join(directory, "input.txt"), "utf8")).toBe(`round ${round}\n`);
  expect(await readFile(join(directory, "both.txt"), "utf8")).toMatch(/^(at first|round \d+)\n$/);
  const results = await readdir(join(directory, "out")).catch(() => []);
  for (const name of results.filter((each) => RESULTS.includes(each))) {
    const text = await readFile(join(directory, "out", name), "latin1");
    const head = /^round \d+\n(\d)\n/.exec(text);
    expect(head?.[1], `${name} in round ${round}`).toBe(name);
    expect(text.length).toBe((head?.[0].length ?? 0) + 3_000_000);
  }
}
