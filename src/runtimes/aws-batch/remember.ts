import { createHash, type Hash, hash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { ArchiveEntry } from "../../archive/types.ts";
import type { FetchEntries } from "../../results/apply.ts";
import type { ResultPlan } from "../../results/types.ts";
import { mapLimited } from "../../runs/hash.ts";
import type { SeenFileState } from "../../runs/types.ts";

/** Results as they go by: what is written of them here, the next run need neither read nor send. */
export interface ResultMemory {
  /** `fetch`, with each entry hashed on its way. */
  watch(fetch: FetchEntries): FetchEntries;
  /** To be called for each file that was put in its place. */
  written(path: string): void;
  /** The files written, as they are now; one that has been touched since is left out. */
  states(plan: ResultPlan, now: () => number): Promise<SeenFileState[]>;
}

const EMPTY = createHash("sha256").digest("hex");
/** Files that are looked at at once. */
const CONCURRENCY = 8;

export function createResultMemory(): ResultMemory {
  const hashes = new Map<ArchiveEntry, string>();
  const written = new Set<string>();

  async function* hashed(entry: ArchiveEntry, data: AsyncIterable<Uint8Array>) {
    let pieces: Hash | undefined;
    for await (const piece of data) {
      if (piece.length === entry.size) {
        hashes.set(entry, hash("sha256", piece, "hex"));
      } else {
        pieces ??= createHash("sha256");
        pieces.update(piece);
      }
      yield piece;
    }
    if (pieces !== undefined) hashes.set(entry, pieces.digest("hex"));
  }
  async function stateOf(entry: ArchiveEntry, target: string, now: () => number) {
    const sha256 = entry.size === 0 ? EMPTY : hashes.get(entry);
    if (sha256 === undefined) return undefined;
    const seenAt = now();
    const here = await stat(target).catch(() => undefined);
    // An edit since, be it within that second, has another time; by less, `utimes` misses what it sets.
    if (here?.size !== entry.size || Math.abs(here.mtimeMs - entry.mtimeMs) > 0.001) return undefined;
    const { size, mtimeMs, ctimeMs, ino, dev } = here;
    const { path, crc32 } = entry;
    return { path, size, mtimeMs, mode: here.mode & 0o777, crc32, sha256, ctimeMs, ino, dev, seenAt };
  }

  return {
    watch: (fetch) =>
      async function* (entries, signal) {
        for await (const { entry, data } of fetch(entries, signal)) {
          yield { entry, data: hashed(entry, data) };
        }
      },
    written: (path) => void written.add(path),
    async states({ verdicts }, now) {
      const done = verdicts.filter(({ entry }) => entry.kind === "file" && written.has(entry.path));
      const states = await mapLimited(done, CONCURRENCY, async (verdict) =>
        "target" in verdict ? stateOf(verdict.entry, verdict.target, now) : undefined,
      );
      return states.filter((state) => state !== undefined);
    },
  };
}
