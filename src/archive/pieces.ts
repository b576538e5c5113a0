import { createHash, hash } from "node:crypto";
import { availableParallelism } from "node:os";
import { setImmediate as breath } from "node:timers/promises";
import { crc32 } from "node:zlib";
import {
  BLOCK_SIZE,
  type Compression,
  chooseCompression,
  compressBlock,
  compressWhole,
  isCompressedName,
  sampleRanges,
  samplesOf,
  WINDOW_SIZE,
} from "./compress.ts";
import { ChangedWhileReadError } from "./errors.ts";
import { createQuickly } from "./quickly.ts";
import { openSourceFile, readSourceFile } from "./source-file.ts";
import type { ArchiveInput } from "./types.ts";
import { createWindow, type Window } from "./window.ts";

/** What is known of a file's content once all of it has been read. */
export interface Content {
  readonly method: "stored" | "deflate";
  readonly size: number;
  readonly mtimeMs: number;
  readonly crc32: number;
  /** Hex; "" for directories. */
  readonly sha256: string;
}

/**
 * The contents of the inputs, in order: small ones whole, large ones from a beginning through blocks to an end.
 * `release` says that a block's data has been used: its memory then holds a later block.
 */
export type Piece =
  | { kind: "whole"; input: ArchiveInput; content: Content; data: Buffer }
  | { kind: "begin"; input: ArchiveInput; method: Content["method"]; size: number; mtimeMs: number }
  | { kind: "block"; input: ArchiveInput; bytesRead: number; data: Buffer; release: () => void }
  | { kind: "end"; input: ArchiveInput; content: Content };

/** Bytes read ahead of what has been written: enough blocks for every core, and no more memory than that takes. */
const BUDGET = Math.min(Math.max(availableParallelism() + 2, 4), 16) * BLOCK_SIZE;
/** What a file costs at least, so that no more than 64 are open. */
const LEAST_COST = BUDGET / 64;
/** A file that was small when selected may grow to this before it has to be taken for one that keeps growing. */
const LARGEST_WHOLE = 4 * BLOCK_SIZE;
const READS_OF_A_CHANGING_FILE = 3;
/** Up to here a file is read on this thread. */
const SMALL = 256 * 1024;
/** Milliseconds of small files after which other work of this thread, such as sending them, gets its turn. */
const TURN = 10;
/** Blocks after which the compression is chosen anew. */
const BLOCKS_PER_CHOICE = 8;

/** Reads, checksums and compresses the inputs on all cores, in order, as far ahead as the memory budget allows. */
export async function* preparePieces(
  inputs: readonly ArchiveInput[],
  options: { readonly level: () => number; readonly signal: AbortSignal },
): AsyncGenerator<Piece, void, undefined> {
  const { level, signal } = options;
  const window = createWindow<Piece>(BUDGET);
  const stop = () => window.stop(signal.reason);
  signal.addEventListener("abort", stop);
  const produced = produce(inputs, level, window);
  try {
    for await (const piece of window) {
      signal.throwIfAborted();
      yield piece;
    }
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", stop);
    window.stop(new Error("the archive is not wanted any more"));
    await produced;
  }
}

/** Never rejects: a failure takes its place in the window, behind all that came before it. */
async function produce(
  inputs: readonly ArchiveInput[],
  level: () => number,
  window: Window<Piece>,
): Promise<void> {
  // Whatever file they were of: letting them go with each would leave tens of MiB to the garbage collector.
  const spare: Buffer[] = [];
  let turn = performance.now();
  try {
    for (const input of inputs) {
      if (performance.now() - turn > TURN) {
        await breath();
        turn = performance.now();
      }
      const size = input.kind === "directory" ? 0 : input.size;
      if (typeof input.source === "string" && size > BLOCK_SIZE) {
        await produceLarge(input, input.source, level, { window, spare });
      } else {
        const cost = Math.max(size, LEAST_COST);
        await window.admit(cost);
        window.add(cost, prepareWhole(input, level));
      }
    }
  } catch (error) {
    window.add(0, Promise.reject(error));
  } finally {
    window.end();
  }
}

async function prepareWhole(input: ArchiveInput, level: () => number): Promise<Piece> {
  if (input.kind === "directory") {
    const content = { method: "stored", size: 0, mtimeMs: input.mtimeMs, crc32: 0, sha256: "" } as const;
    return { kind: "whole", input, content, data: Buffer.alloc(0) };
  }
  const { bytes, mtimeMs } =
    typeof input.source === "string"
      ? await readWhole(input.source, input)
      : { bytes: asBuffer(input.source), mtimeMs: input.mtimeMs };
  const sha256 = hash("sha256", bytes, "hex");
  const { method, data } = await compressWhole(bytes, input.path, level());
  const content = { method, size: bytes.length, mtimeMs, crc32: crc32(bytes), sha256 };
  return { kind: "whole", input, content, data };
}

interface Whole {
  readonly bytes: Buffer;
  readonly mtimeMs: number;
}

const quickly = createQuickly();

/** A small file as it is at one moment: where it changes while it is read, it is read again. */
async function readWhole(source: string, { path, size }: ArchiveInput): Promise<Whole> {
  for (let attempt = 1; ; attempt++) {
    try {
      const whole =
        size > SMALL
          ? undefined
          : await quickly<Whole | undefined>(
              () => readSourceFile(source, path, SMALL),
              async () => undefined,
            );
      return whole ?? (await readElsewhere(source, path));
    } catch (error) {
      if (!(error instanceof ChangedWhileReadError) || attempt === READS_OF_A_CHANGING_FILE) throw error;
    }
  }
}

async function readElsewhere(source: string, path: string): Promise<Whole> {
  const file = await openSourceFile(source, path);
  try {
    if (file.size > LARGEST_WHOLE) throw new ChangedWhileReadError(path);
    const bytes = await file.read(0, Buffer.allocUnsafe(file.size));
    file.verifyUnchanged();
    return { bytes, mtimeMs: file.mtimeMs };
  } finally {
    await file.close();
  }
}

async function produceLarge(
  input: ArchiveInput,
  source: string,
  level: () => number,
  { window, spare }: { readonly window: Window<Piece>; readonly spare: Buffer[] },
): Promise<void> {
  const file = await openSourceFile(source, input.path);
  try {
    const { size, mtimeMs } = file;
    const samples = isCompressedName(input.path)
      ? []
      : await Promise.all(
          sampleRanges(size).map(({ start, end }) => file.read(start, Buffer.allocUnsafe(end - start))),
        );
    const { method } = await chooseCompression(samples, samples.length > 0 && size > 0 ? level() : 0);
    window.add(0, Promise.resolve({ kind: "begin", input, method, size, mtimeMs }));

    const sha256 = createHash("sha256");
    let crc = 0;
    let previous: Buffer | undefined;
    let choice: Promise<Compression> | undefined;
    for (let offset = 0, number = 0; offset < size; number++) {
      const bytesRead = Math.min(BLOCK_SIZE, size - offset);
      await window.admit(bytesRead);
      const buffer = spare.pop() ?? Buffer.allocUnsafe(BLOCK_SIZE);
      const block = await file.read(offset, buffer.subarray(0, bytesRead));
      offset += bytesRead;
      sha256.update(block);
      crc = crc32(block, crc);
      const release = () => spare.push(buffer);
      if (method === "stored") {
        window.add(bytesRead, Promise.resolve({ kind: "block", input, bytesRead, data: block, release }));
        continue;
      }
      const now = level();
      // What is stored while the link outruns the compressor needs no choice, and ends the one before.
      if (now === 0) choice = undefined;
      else if (choice === undefined || number % BLOCKS_PER_CHOICE === 0) {
        choice = chooseCompression(samplesOf(block), now);
      }
      const compressed = compressChosen(block, choice, { previous, last: offset === size });
      previous = Buffer.from(block.subarray(-WINDOW_SIZE));
      window.add(
        bytesRead,
        compressed.then((data) => ({ kind: "block", input, bytesRead, data, release })),
      );
    }
    file.verifyUnchanged();
    const content = { method, size, mtimeMs, crc32: crc, sha256: sha256.digest("hex") };
    window.add(0, Promise.resolve({ kind: "end", input, content }));
  } finally {
    await file.close();
  }
}

/** A stretch that doesn't shrink, in a file that does, is still part of a deflate stream. */
async function compressChosen(
  block: Buffer,
  choice: Promise<Compression> | undefined,
  place: { previous: Buffer | undefined; last: boolean },
): Promise<Buffer> {
  const chosen = await choice;
  const compression = chosen?.method === "deflate" ? chosen : { level: 0, strategy: 0 };
  return compressBlock(block, compression, place);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
