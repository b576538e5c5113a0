/**
 * The archive as data. A ZIP file (PKWARE APPNOTE 6.3.10) is written from {@link ArchiveInput}s and read back as
 * {@link ArchiveEntry}s. Nothing here knows where the bytes go to or come from.
 */

/** One file or directory to be written. */
export interface ArchiveInput {
  /** Name in the archive: `/`-separated, without a trailing `/` for directories. */
  readonly path: string;
  readonly kind: "file" | "directory";
  /** Where the bytes are: a path on this computer, or the bytes themselves. Ignored for directories. */
  readonly source: string | Uint8Array;
  /** Bytes, as selected. A file on disk is written as it is when it is read: see {@link WrittenEntry}. */
  readonly size: number;
  /** Milliseconds since 1970. For a file on disk, too, what it has when it is read is what counts. */
  readonly mtimeMs: number;
  /** The time to write, while the file still has `mtimeMs`; undefined: `mtimeMs`. */
  readonly writtenMtimeMs?: number | undefined;
  /** Permission bits (`mode & 0o777`). */
  readonly mode: number;
}

/** One entry of a central directory (APPNOTE 4.3.12), with ZIP64 and extra fields already taken into account. */
export interface ArchiveEntry {
  /** Name without the trailing `/` of directories; valid UTF-8 is read as UTF-8 whatever flag bit 11 says. */
  readonly path: string;
  readonly kind: "file" | "directory";
  /** Uncompressed size in bytes. */
  readonly size: number;
  readonly compressedSize: number;
  readonly method: "stored" | "deflate";
  readonly crc32: number;
  /** Milliseconds since 1970: from the extended-timestamp field where there is one, else the DOS time read as UTC. */
  readonly mtimeMs: number;
  /** Permission bits and type as in `st_mode`, or undefined where the archive was not made on Unix. */
  readonly mode: number | undefined;
  /** Offset of the local header in the archive. */
  readonly localHeaderOffset: number;
  /** Carries the UT and ux extra fields that Info-ZIP's `zip` writes in the container (and we don't). */
  readonly madeByInfoZip: boolean;
  /**
   * Written plainly, as by this program or the container's `zip` (docs/decisions/002): made on Unix, a UTF-8 name that is
   * all the name it has, no data descriptor. Only such an entry is copied into another archive.
   */
  readonly isPlain?: boolean;
  /**
   * The record of the central directory that this was read from: where the entry is copied into another archive, its
   * record is too, so that it keeps agreeing with the local header. Untrusted, like all else here.
   */
  readonly record?: ByteRange;
}

/** Bytes from `start` to `end` (exclusive) of others: tens of thousands of these cost a fraction of as many views. */
export interface ByteRange {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * What was written for one file. Size and `mtimeMs` are those that the file had when it was read; the archive may have
 * a time that is coarser (whole seconds) or earlier (see `latestMtimeMs` in write.ts).
 */
export interface WrittenEntry extends ArchiveEntry {
  /** SHA-256 of the uncompressed bytes, hex; "" for directories. */
  readonly sha256: string;
}

/**
 * A piece of the archive, ready to be sent. Pieces may come out of order, since one is held back until the
 * local headers in it are complete; all but the last have exactly the part size asked for.
 */
export interface ArchivePart {
  /** Position among the parts, from 0. */
  readonly index: number;
  readonly data: Uint8Array;
  /**
   * To be called when the data are no longer needed (also for a retry): their memory then holds a later part, rather than
   * waiting for the garbage collector, which lets tens of MiB gather. May be left out.
   */
  readonly release?: () => void;
}

/** Bytes that can be read at any offset: a local file or an object in S3. */
export interface RandomAccess {
  /** Size of the whole in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`, as they arrive; fails rather than ending early. */
  read(offset: number, length: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
}
