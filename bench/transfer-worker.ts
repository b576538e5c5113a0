// One measured piece of work, in a process of its own: `node transfer-worker.mjs <JSON>` prints what it took as JSON.
import { EventEmitter } from "node:events";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { type Aws, openAws } from "../src/aws/clients.ts";
import { findLocalAws } from "../src/aws/local-aws.ts";
import type { Context } from "../src/cli/context.ts";
import { createIo } from "../src/cli/io.ts";
import { createSignals } from "../src/cli/signals.ts";
import { newRunId, parseRunId, toJobId } from "../src/runs/ids.ts";
import { createRun, runsDirectory } from "../src/runs/registry.ts";
import { recordFiles } from "../src/runs/states.ts";
import { bringBack } from "../src/runtimes/aws-batch/bring-back.ts";
import { shipArchive } from "../src/runtimes/aws-batch/ship.ts";
import { selectFiles } from "../src/workflow/selection.ts";

interface Task {
  readonly home: string;
  /** Of the link to S3. */
  readonly port: number;
  readonly act: "put" | "ship" | "download" | "get" | "lstat" | "read-and-put";
  readonly directory: string;
  readonly runId?: string;
  readonly key?: string;
  readonly range?: string;
}

const BUCKET = "nextstrain-jobs";
const task: Task = JSON.parse(process.argv[2] ?? "{}");
const signal = new AbortController().signal;
const nowhere = { write: () => true };
const context: Context = {
  env: { HOME: task.home, NEXTSTRAIN_HOME: `${task.home}/.nextstrain` },
  cwd: task.home,
  home: task.home,
  io: createIo({ stdin: {}, stdout: nowhere, stderr: nowhere }),
  signals: createSignals(new EventEmitter()),
  now: Date.now,
  signal,
};

const local = await findLocalAws(context);
if (local === undefined) throw new Error("local AWS is not running");
using aws = await openAws(context, { ...local, endpoint: `http://127.0.0.1:${task.port}` });
let requests = 0;
aws.s3.middlewareStack.add(
  (next) => (args) => {
    requests++;
    return next(args);
  },
  { step: "finalizeRequest", name: "count", priority: "low" },
);

const cpu = process.cpuUsage();
const start = performance.now();
const result = await act(aws);
const ms = performance.now() - start;
const { user, system } = process.cpuUsage(cpu);
const peakMib = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ ms, cpuMs: (user + system) / 1000, peakMib, requests, ...result }));

async function act(aws: Aws): Promise<object> {
  switch (task.act) {
    case "put": {
      const pieces = readdirSync(task.directory).map((name) => readFileSync(join(task.directory, name)));
      const Body = Buffer.concat(pieces);
      await aws.s3.send(
        new PutObjectCommand({ Bucket: BUCKET, Key: "bench", Body, ChecksumAlgorithm: "CRC32" }),
      );
      return {};
    }
    case "read-and-put": {
      const pieces: Buffer[] = [];
      for (const name of await readdir(task.directory))
        pieces.push(await readFile(join(task.directory, name)));
      const Body = Buffer.concat(pieces);
      await aws.s3.send(
        new PutObjectCommand({ Bucket: BUCKET, Key: "bench", Body, ChecksumAlgorithm: "CRC32" }),
      );
      return {};
    }
    case "ship":
      return ship(aws);
    case "lstat": {
      for (const name of readdirSync(task.directory)) lstatSync(join(task.directory, name));
      return {};
    }
    case "get": {
      const { Body } = await aws.s3.send(
        new GetObjectCommand({ Bucket: BUCKET, Key: task.key, Range: task.range }),
      );
      let bytes = 0;
      for await (const piece of Body as AsyncIterable<Uint8Array>) bytes += piece.length;
      return { bytes };
    }
    case "download": {
      const runId = parseRunId(task.runId ?? "");
      const place = { root: task.directory, directory: task.directory, subdirectory: "" };
      const workdir = { bucket: BUCKET, key: `${runId}.zip` };
      const run = { jobId: toJobId("job"), jobName: "job", origin: undefined, job: undefined };
      await bringBack(context, aws, { ...run, runId, workdir, place }, { place, wanted: undefined, signal });
      return {};
    }
  }
}

async function ship(aws: Aws): Promise<object> {
  const runId = newRunId();
  const createdAt = Date.now();
  const runs = runsDirectory(context);
  const target = { bucket: BUCKET, key: `${runId}.zip` };
  const selection = await selectFiles(task.directory, { exclude: [], signal });
  let progress = {};
  const { entries } = await shipArchive(aws, selection, target, {
    signal,
    now: Date.now,
    runs,
    runId,
    onProgress: (latest) => {
      progress = latest;
    },
  });
  const url = `s3://${BUCKET}/${runId}`;
  const record = {
    version: 1 as const,
    runId,
    jobName: runId,
    queue: "queue",
    definition: "definition",
    region: aws.region.value,
    localAws: true,
    urls: { workdir: `${url}.zip`, manifest: `${url}.json.gz` },
    root: task.directory,
    directory: task.directory,
    command: [],
    createdAt,
    logGroup: "group",
    logStreams: [],
  };
  await createRun(runs, record, await recordFiles(selection, entries, []));
  return { runId, ...progress };
}
