import type { ArchiveEntry } from "../archive/types.ts";

/** A batch is worth a request of its own, and small enough that a few at once keep a line busy to the end. */
const BATCH_BYTES = 8 * 1024 * 1024;
const BATCH_ENTRIES = 1000;

/** Parts entries into batches of neighbours in the archive, in its order: about 8 MiB (compressed) each, or one entry. */
export function batches(entries: readonly ArchiveEntry[]): ArchiveEntry[][] {
  const sorted = [...entries].sort((one, other) => one.localHeaderOffset - other.localHeaderOffset);
  const all: ArchiveEntry[][] = [];
  let batch: ArchiveEntry[] = [];
  let bytes = 0;
  for (const entry of sorted) {
    if (batch.length > 0 && (bytes + entry.compressedSize > BATCH_BYTES || batch.length === BATCH_ENTRIES)) {
      all.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += entry.compressedSize;
  }
  if (batch.length > 0) all.push(batch);
  return all;
}
