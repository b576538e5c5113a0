import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isRecord, readJson } from "../daemon/json-file.ts";
import { childrenOf, spawnChildren } from "./arrays.ts";
import { createChildJournal, readChildren } from "./child-journal.ts";
import type { ComputeEnvironment, Job, JobDefinition, JobQueue, SchedulingPolicy } from "./types.ts";
import { isFinished } from "./types.ts";

const version = 1;
/** How long Batch remembers a finished job. */
const keptMs = 7 * 24 * 60 * 60 * 1000;

/**
 * The state of Batch, in memory and on disk: `registry.json` for what is registered, `jobs/<id>/job.json` for each job but an
 * array's children, which share `jobs/<parent>/children.jsonl`. Beside these lie the directories of attempts.
 */
export interface Store {
  readonly definitions: JobDefinition[];
  readonly queues: Map<string, JobQueue>;
  readonly environments: Map<string, ComputeEnvironment>;
  readonly policies: Map<string, SchedulingPolicy>;
  /** By job id. */
  readonly jobs: Map<string, Job>;
  /** Where an attempt is run; not there before it. */
  attemptDirectory(job: Job, number: number): string;
  /** Ever greater, to order jobs by. */
  nextSequence(): number;
  saveRegistry(): Promise<void>;
  /** Adds a job, with its children if it is an array. What can't be written is not added, and throws. */
  addJob(job: Job): Promise<void>;
  saveJob(job: Job): Promise<void>;
  /** Forgets jobs that ended over 7 days ago. */
  prune(now: number): Promise<void>;
  /** Resolves when everything saved so far is on disk. */
  flush(): Promise<void>;
}

/** Opens the state under `directory`. Throws where it was written by a newer version. */
export async function openStore(directory: string): Promise<Store> {
  const registryFile = join(directory, "registry.json");
  const jobsDirectory = join(directory, "jobs");
  await mkdir(jobsDirectory, { recursive: true, mode: 0o700 });
  const registry = await readRecord<Registry>(registryFile);
  const lists = registry && [registry.queues, registry.environments, registry.definitions];
  if (lists?.every(Array.isArray) === false) throw new Error(`${registryFile} is damaged.`);
  const queues = new Map(registry?.queues.map((queue) => [queue.name, queue]));
  const environments = new Map(registry?.environments.map((environment) => [environment.name, environment]));
  const policies = new Map(registry?.policies?.map((policy) => [policy.name, policy]));
  const definitions = [...(registry?.definitions ?? [])];
  const jobs = new Map<string, Job>();
  const childrenFile = (id: string) => join(jobsDirectory, id, "children.jsonl");
  const journal = createChildJournal();
  for (const id of await readdir(jobsDirectory)) {
    const job = await readRecord<Job>(join(jobsDirectory, id, "job.json"));
    if (job) {
      for (const one of [job, ...(await readChildren(childrenFile(id), job))]) jobs.set(one.jobId, one);
    }
    // A directory without a record is what a crash left of a job that was never accepted, or is already forgotten.
    else await rm(join(jobsDirectory, id), { recursive: true, force: true });
  }

  // Not by Math.max(...): there may be more jobs than a call takes arguments.
  let sequence = [...jobs.values()].reduce((most, job) => Math.max(most, job.sequence), 0);

  const writes = new Map<string, Promise<void>>();
  /** Writes of one file follow each other; the content is that of the moment of the call. */
  function save(file: string, record: unknown): Promise<void> {
    const text = JSON.stringify(record);
    const previous = writes.get(file) ?? Promise.resolve();
    const write = previous
      .catch(() => undefined)
      .then(async () => {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await writeAtomically(file, text);
      });
    writes.set(file, write);
    const forget = () => void (writes.get(file) === write && writes.delete(file));
    write.then(forget, forget);
    return write;
  }

  const registryNow = () => ({
    version,
    definitions,
    queues: [...queues.values()],
    environments: [...environments.values()],
    policies: [...policies.values()],
  });
  let onDisk = JSON.stringify(registryNow());
  /** What could not be written has not happened. */
  async function saveRegistry(): Promise<void> {
    const text = JSON.stringify(registryNow());
    try {
      await save(registryFile, JSON.parse(text));
      onDisk = text;
    } catch (error) {
      const before = JSON.parse(onDisk) as Registry;
      definitions.splice(0, definitions.length, ...before.definitions);
      refill(queues, before.queues);
      refill(environments, before.environments);
      refill(policies, before.policies ?? []);
      throw error;
    }
  }

  const jobFile = (jobId: string) => join(jobsDirectory, jobId, "job.json");
  const saveJob = (job: Job) =>
    job.place ? journal.append(childrenFile(job.place.parentId), job) : save(jobFile(job.jobId), job);

  return {
    definitions,
    queues,
    environments,
    policies,
    jobs,
    attemptDirectory: ({ jobId, place }, number) =>
      place
        ? join(jobsDirectory, place.parentId, `${place.index}-${number}`)
        : join(jobsDirectory, jobId, String(number)),
    nextSequence: () => ++sequence,
    saveRegistry,
    async addJob(job) {
      const added = [job, ...spawnChildren(job)];
      for (const one of added) jobs.set(one.jobId, one);
      try {
        await saveJob(job);
      } catch (error) {
        for (const one of added) jobs.delete(one.jobId);
        throw error;
      }
    },
    saveJob,
    async prune(now) {
      for (const job of [...jobs.values()]) {
        // Children go with their parents.
        if (job.place !== undefined || !isFinished(job)) continue;
        if (now - (job.stoppedAt ?? job.createdAt) < keptMs) continue;
        for (const child of childrenOf(jobs, job)) jobs.delete(child.jobId);
        jobs.delete(job.jobId);
        // Its end may still be on the way to the disk, and would make the directory anew.
        await writes.get(jobFile(job.jobId))?.catch(() => undefined);
        await journal.written(childrenFile(job.jobId));
        await rm(join(jobsDirectory, job.jobId), { recursive: true, force: true });
      }
    },
    async flush() {
      await Promise.all([...writes.values(), journal.flush()]);
    },
  };
}

interface Registry {
  readonly version: 1;
  readonly definitions: readonly JobDefinition[];
  readonly queues: readonly JobQueue[];
  readonly environments: readonly ComputeEnvironment[];
  /** Absent before there were any. */
  readonly policies?: readonly SchedulingPolicy[];
}

function refill<Item extends { readonly name: string }>(
  map: Map<string, Item>,
  items: readonly Item[],
): void {
  map.clear();
  for (const item of items) map.set(item.name, item);
}

async function readRecord<T extends { readonly version: 1 }>(file: string): Promise<T | undefined> {
  const record = await readJson(file);
  if (record === undefined) return undefined;
  if (!isRecord(record) || typeof record.version !== "number") throw new Error(`${file} is damaged.`);
  if (record.version > version) {
    throw new Error(`${file} was written by a newer version of this program (format ${record.version}).`);
  }
  return record as unknown as T;
}

async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
