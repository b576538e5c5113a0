import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { AwsError } from "../http.ts";
import { createStreamFile, openStreamFile, type StreamFile } from "./stream-file.ts";
import { writeWhole } from "./write-whole.ts";

/** What is kept of a log group in its `group.json`. */
interface GroupRecord {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** Undefined: events are kept for ever. */
  readonly retentionInDays?: number | undefined;
}

export interface Group {
  record: GroupRecord;
  readonly directory: string;
  readonly streams: Map<string, StreamFile>;
}

/** All log groups: a directory each, in it `group.json` and a file for each stream. */
export interface LogStore {
  readonly groups: ReadonlyMap<string, Group>;
  /** @throws AwsError ResourceNotFoundException */
  group(name: string): Group;
  /** @throws AwsError ResourceNotFoundException */
  stream(group: Group, name: string): StreamFile;
  /** @throws AwsError ResourceAlreadyExistsException */
  createGroup(name: string): Promise<void>;
  deleteGroup(name: string): Promise<void>;
  setRetention(name: string, days: number | undefined): Promise<void>;
  /** @throws AwsError ResourceAlreadyExistsException */
  createStream(group: string, name: string): Promise<void>;
  deleteStream(group: string, name: string): Promise<void>;
  /** Resolves when all that was appended is on disk. */
  settled(): Promise<void>;
}

const dayMs = 24 * 60 * 60 * 1000;

/** Opens what an earlier run left in the directory, and cuts off what is past its retention. */
export async function openLogStore(directory: string, now: () => number): Promise<LogStore> {
  await mkdir(directory, { recursive: true });
  const groups = await loadGroups(directory);
  for (const { record, streams } of groups.values()) {
    if (record.retentionInDays === undefined) continue;
    for (const stream of streams.values()) await stream.expire(now() - record.retentionInDays * dayMs);
  }
  // Changes of what exists are rare: one at a time, so that none sees another's half.
  let changing: Promise<void> = Promise.resolve();
  const inTurn = (change: () => Promise<void>): Promise<void> => {
    const turn = changing.then(change);
    changing = turn.catch(() => undefined);
    return turn;
  };

  const group = (name: string): Group => {
    const found = groups.get(name);
    if (!found) throw notFound("The specified log group does not exist.");
    return found;
  };
  const stream = ({ streams }: Group, name: string): StreamFile => {
    const found = streams.get(name);
    if (!found) throw notFound("The specified log stream does not exist.");
    return found;
  };

  return {
    groups,
    group,
    stream,
    createGroup: (name) =>
      inTurn(async () => {
        if (groups.has(name)) throw alreadyExists("The specified log group already exists");
        const made: Group = {
          record: { name, created: now() },
          directory: join(directory, fileName(name)),
          streams: new Map(),
        };
        await mkdir(made.directory, { recursive: true });
        await writeRecord(made);
        groups.set(name, made);
      }),
    deleteGroup: (name) =>
      inTurn(async () => {
        const { directory: gone } = group(name);
        groups.delete(name);
        await rm(gone, { recursive: true, force: true });
      }),
    setRetention: (name, retentionInDays) =>
      inTurn(async () => {
        const changed = group(name);
        const { created } = changed.record;
        const record = { name, created, ...(retentionInDays === undefined ? {} : { retentionInDays }) };
        await writeRecord({ ...changed, record });
        changed.record = record;
      }),
    createStream: (groupName, name) =>
      inTurn(async () => {
        const { directory: parent, streams } = group(groupName);
        if (streams.has(name)) throw alreadyExists("The specified log stream already exists");
        streams.set(name, await createStreamFile(join(parent, `${fileName(name)}.ndjson`), name, now()));
      }),
    deleteStream: (groupName, name) =>
      inTurn(async () => {
        const owner = group(groupName);
        const gone = stream(owner, name);
        owner.streams.delete(name);
        await gone.settled();
        await rm(join(owner.directory, `${fileName(name)}.ndjson`), { force: true });
      }),
    async settled() {
      await changing;
      for (const { streams } of groups.values()) {
        for (const file of streams.values()) await file.settled();
      }
    },
  };
}

async function loadGroups(directory: string): Promise<Map<string, Group>> {
  const groups = new Map<string, Group>();
  for (const entry of await readdir(directory)) {
    const parent = join(directory, entry);
    const record = await readRecord(parent);
    if (!record) continue;
    const streams = new Map<string, StreamFile>();
    for (const file of await readdir(parent)) {
      if (!file.endsWith(".ndjson")) continue;
      const stream = await openStreamFile(join(parent, file));
      if (stream) streams.set(stream.name, stream);
    }
    groups.set(record.name, { record, directory: parent, streams });
  }
  return groups;
}

/** Undefined for what is no group: one whose making or deletion was cut short. */
async function readRecord(directory: string): Promise<GroupRecord | undefined> {
  try {
    const record: GroupRecord = JSON.parse(await readFile(join(directory, "group.json"), "utf8"));
    return record;
  } catch {
    return undefined;
  }
}

async function writeRecord({ directory, record }: Group): Promise<void> {
  const path = join(directory, "group.json");
  await writeWhole(path, `${JSON.stringify(record)}\n`);
}

/** A name for any file system: readable in part, and distinct by its hash. */
function fileName(name: string): string {
  const readable = name
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(-80);
  return `${readable}-${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}

const notFound = (message: string) => new AwsError("ResourceNotFoundException", message);
const alreadyExists = (message: string) => new AwsError("ResourceAlreadyExistsException", message);
