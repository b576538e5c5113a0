import { LOCAL_HEADER_SIZE, MAX_16 } from "../archive/format.ts";
import type { ArchiveEntry } from "../archive/types.ts";

const MIB = 1024 * 1024;
/** What a part must have at least, unless it is the last (S3's limit). */
const SMALLEST_PART = 5 * MIB;
/** Bytes copied by one request: far below S3's limit of 5 GiB, so that it answers soon and several can be under way. */
const LARGEST_COPY = 512 * MIB;
/** So many parts at most are copies; there are 10,000 in all. */
const MOST_COPIES = 2_000;
/** Dead bytes between two entries that are copied along rather than making two copies. */
const BRIDGED = MIB;

/** Bytes `start` to `end` (exclusive) of an archive. */
export interface CopyRange {
  readonly start: number;
  readonly end: number;
}

/** The beginning of an archive, composed of what lies in another one. */
export interface Composition {
  /** What to copy, in order, each as one part. */
  readonly ranges: readonly CopyRange[];
  /** The entries in there, with the offsets that they have in the new archive. */
  readonly reused: readonly ArchiveEntry[];
  /** Bytes of all ranges. */
  readonly length: number;
}

/** An archive to copy from. */
export interface OldArchive {
  /** All entries of its directory. */
  readonly entries: readonly ArchiveEntry[];
  /** Where the directory begins. */
  readonly offset: number;
}

/** A stretch of the archive, with the wanted entries from `first` to `last` (exclusive), counted in the archive's order. */
interface Stretch extends CopyRange {
  readonly first: number;
  readonly last: number;
  /** Bytes that are wanted, of those from start to end. */
  readonly live: number;
}

/**
 * Plans which ranges of an archive to copy for the sake of the wanted entries (objects of `old.entries`). Neighbours go
 * together, over dead bytes too; what can't be part of a range of 5 MiB is left out, and so is what would copy more dead
 * bytes than living ones. `reused` has what is covered; an empty plan means that copying isn't worth it.
 */
export function planComposition(old: OldArchive, wanted: ReadonlySet<ArchiveEntry>): Composition {
  const ranges: CopyRange[] = [];
  const reused: ArchiveEntry[] = [];
  let length = 0;
  const entries = [...wanted].sort(byOffset);
  for (const stretch of worthwhile(joined(spansOf(old, entries)))) {
    for (const entry of entries.slice(stretch.first, stretch.last)) {
      reused.push({ ...entry, localHeaderOffset: length + entry.localHeaderOffset - stretch.start });
    }
    ranges.push(...pieces(stretch));
    length += stretch.end - stretch.start;
  }
  return { ranges, reused, length };
}

const byOffset = (one: ArchiveEntry, other: ArchiveEntry) => one.localHeaderOffset - other.localHeaderOffset;

/** What each of the wanted entries may take up; both in the archive's order. */
function spansOf(old: OldArchive, wanted: readonly ArchiveEntry[]): Stretch[] {
  const starts = Float64Array.from(old.entries, (entry) => entry.localHeaderOffset).sort();
  let at = 0;
  return wanted.map((entry, index) => {
    const start = entry.localHeaderOffset;
    while (at < starts.length && (starts[at] ?? 0) <= start) at++;
    const live = LOCAL_HEADER_SIZE + Buffer.byteLength(entry.path) + entry.compressedSize;
    // Only the local header says how long its extra fields are; never longer than MAX_16, and the next entry is not in it.
    const end = Math.min(start + live + MAX_16, starts[at] ?? old.offset);
    return { start, end, first: index, last: index + 1, live };
  });
}

function joined(spans: readonly Stretch[]): Stretch[] {
  // In two rounds: the stretches that come of the first show how large a gap is worth it.
  const close = join(spans, (_, __, gap) => gap <= BRIDGED);
  return join(
    close,
    (one, other, gap) => (isShort(one) || isShort(other)) && gap <= Math.min(one.live, other.live),
  );
}

function join(
  stretches: readonly Stretch[],
  belong: (one: Stretch, other: Stretch, gap: number) => boolean,
): Stretch[] {
  const result: { start: number; end: number; live: number; first: number; last: number }[] = [];
  for (const next of stretches) {
    const before = result.at(-1);
    if (before !== undefined && belong(before, next, next.start - before.end)) {
      before.end = next.end;
      before.live += next.live;
      before.last = next.last;
    } else {
      result.push({ ...next });
    }
  }
  return result;
}

function isShort({ start, end }: CopyRange): boolean {
  return end - start < SMALLEST_PART;
}

function worthwhile(stretches: readonly Stretch[]): Stretch[] {
  const good = stretches.filter((stretch) => {
    return !isShort(stretch) && 2 * stretch.live >= stretch.end - stretch.start;
  });
  if (good.length <= MOST_COPIES) return good;
  return good
    .sort((one, other) => other.live - one.live)
    .slice(0, MOST_COPIES)
    .sort((one, other) => one.start - other.start);
}

/** Equal pieces of at most {@link LARGEST_COPY}; none becomes too small by it. */
function pieces({ start, end }: CopyRange): CopyRange[] {
  const count = Math.ceil((end - start) / LARGEST_COPY);
  const size = Math.ceil((end - start) / count);
  return Array.from({ length: count }, (_, index) => ({
    start: start + index * size,
    end: Math.min(start + (index + 1) * size, end),
  }));
}
