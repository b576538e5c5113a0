import { appendFile, readFile, rename, writeFile } from "node:fs/promises";
import { isRecord } from "../daemon/json-file.ts";
import { spawnChildren } from "./arrays.ts";
import { type Job, jobStatuses } from "./types.ts";

/** What changes of a child: a line of its array's file. The last one of a child holds; without one it is as it was submitted. */
interface ChildRecord
  extends Pick<
    Job,
    | "status"
    | "statusReason"
    | "startedAt"
    | "stoppedAt"
    | "attempts"
    | "current"
    | "isCancelled"
    | "isTerminated"
    | "stopping"
  > {
  readonly index: number;
}

/** Files of arrays' children, one for each array, that are only ever appended to. */
interface ChildJournal {
  /** Resolves when the child's state at the moment of the call is in the file. */
  append(file: string, child: Job): Promise<void>;
  /** Resolves when all of this is in the file, or has failed. */
  written(file: string): Promise<void>;
  /** Resolves when everything appended so far is on disk. */
  flush(): Promise<void>;
}

export function createChildJournal(): ChildJournal {
  const writes = new Map<string, Promise<void>>();
  /** Lines that the next write of a file takes along. */
  const waiting = new Map<string, string[]>();

  function append(file: string, child: Job): Promise<void> {
    const line = JSON.stringify(recordOf(child));
    const others = waiting.get(file);
    const underWay = writes.get(file);
    if (others !== undefined && underWay !== undefined) {
      others.push(line);
      return underWay;
    }
    const lines = [line];
    waiting.set(file, lines);
    const write = (underWay ?? Promise.resolve())
      .catch(() => undefined)
      .then(async () => {
        waiting.delete(file);
        // The newline in front ends what a full disk or a crash cut short.
        await appendFile(file, `\n${lines.join("\n")}\n`, { mode: 0o600 });
      });
    writes.set(file, write);
    const forget = () => void (writes.get(file) === write && writes.delete(file));
    write.then(forget, forget);
    return write;
  }

  return {
    append,
    written: async (file) => writes.get(file)?.catch(() => undefined),
    async flush() {
      await Promise.all(writes.values());
    },
  };
}

/** The children of an array as its file says; writes it again without what is out of date where that is most of it. */
export async function readChildren(file: string, parent: Job): Promise<readonly Job[]> {
  const submitted = spawnChildren(parent);
  if (submitted.length === 0) return submitted;
  const children = [...submitted];
  const lines = (await readFile(file, "utf8").catch(missing)).split("\n").filter(Boolean);
  const last = new Map<number, string>();
  for (const line of lines) {
    const record = parse(line);
    const child = record && submitted[record.index];
    if (record === undefined || child === undefined) continue;
    const { index, ...state } = record;
    children[index] = { ...child, ...state };
    last.set(index, line);
  }
  if (lines.length > 2 * last.size) {
    await writeFile(`${file}.tmp`, `${[...last.values()].join("\n")}\n`, { mode: 0o600 });
    await rename(`${file}.tmp`, file);
  }
  return children;
}

function recordOf(child: Job): ChildRecord {
  const { status, statusReason, startedAt, stoppedAt, attempts, current } = child;
  const { isCancelled, isTerminated, stopping, place } = child;
  return {
    ...{ index: place?.index ?? 0, status, attempts },
    ...(statusReason === undefined ? {} : { statusReason }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
    ...(current === undefined ? {} : { current }),
    ...(isCancelled === undefined ? {} : { isCancelled }),
    ...(isTerminated === undefined ? {} : { isTerminated }),
    ...(stopping === undefined ? {} : { stopping }),
  };
}

/** Undefined for a line that was cut short. */
function parse(line: string): ChildRecord | undefined {
  try {
    const record: unknown = JSON.parse(line);
    const isOne =
      isRecord(record) &&
      Number.isInteger(record.index) &&
      jobStatuses.some((status) => status === record.status) &&
      Array.isArray(record.attempts);
    return isOne ? (record as unknown as ChildRecord) : undefined;
  } catch {
    return undefined;
  }
}

function missing(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
  throw error;
}
