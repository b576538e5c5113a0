import { createCursor } from "./cursor.ts";
import { expectedEnd, readEntry } from "./entry-data.ts";
import type { ArchiveEntry, RandomAccess } from "./types.ts";

/** Entries that lie near each other, to be read by one ranged read. */
export interface ReadGroup {
  readonly offset: number;
  /** Bytes; the last entry's end is an estimate, on the safe side for archives that `zip` or this program made. */
  readonly length: number;
  /** In the order in which they lie in the archive. */
  readonly entries: readonly ArchiveEntry[];
}

/**
 * Groups wanted entries so that each group takes one request: those at most `gap` bytes apart go together, up to `max` bytes
 * in a group (an entry that is larger is a group of its own).
 */
export function planReads(
  entries: readonly ArchiveEntry[],
  { gap, max }: { readonly gap: number; readonly max: number },
): ReadGroup[] {
  const groups: { offset: number; end: number; entries: ArchiveEntry[] }[] = [];
  for (const entry of [...entries].sort((a, b) => a.localHeaderOffset - b.localHeaderOffset)) {
    const end = expectedEnd(entry);
    const group = groups.at(-1);
    if (group !== undefined && entry.localHeaderOffset - group.end <= gap && end - group.offset <= max) {
      group.entries.push(entry);
      group.end = Math.max(group.end, end);
    } else {
      groups.push({ offset: entry.localHeaderOffset, end, entries: [entry] });
    }
  }
  return groups.map(({ offset, end, entries }) => ({ offset, length: end - offset, entries }));
}

/**
 * The entries of a group, in order, each with its bytes, checked as by openEntry. What is not read of an entry's data
 * when the next one is asked for is skipped, and can no longer be read. One that is damaged (its data throw ArchiveError)
 * costs no other.
 */
export async function* readGroup(
  source: RandomAccess,
  group: ReadGroup,
  signal: AbortSignal,
): AsyncGenerator<{ entry: ArchiveEntry; data: AsyncIterable<Uint8Array> }, void, undefined> {
  const end = group.offset + group.length;
  let cursor = createCursor(source, group.offset, end, signal);
  try {
    for (const entry of group.entries) {
      if (cursor.position() > entry.localHeaderOffset) {
        // The one before said that it is longer than it is.
        await cursor.close();
        cursor = createCursor(source, entry.localHeaderOffset, end, signal);
      }
      await cursor.skipTo(entry.localHeaderOffset);
      const data = readEntry(cursor, entry);
      try {
        yield { entry, data };
      } finally {
        await data.return();
      }
    }
  } finally {
    await cursor.close();
  }
}
