import { constants, deflateRaw, deflateRawSync, type ZlibOptions } from "node:zlib";

/** How a file, or a stretch of one, is compressed. */
export type Compression =
  | { readonly method: "stored" }
  | { readonly method: "deflate"; readonly level: number; readonly strategy: number };

/** Bytes that are compressed at once. Larger blocks cost memory, smaller ones the time to set each up. */
export const BLOCK_SIZE = 1024 * 1024;
/** How far back deflate can refer: what a block is given of the bytes before it. */
export const WINDOW_SIZE = 32 * 1024;
/** Up to here a sample isn't worth it, and neither is the way to another thread below SYNC_SIZE. */
const SAMPLE_SIZE = 64 * 1024;
const SYNC_SIZE = 16 * 1024;
/** Deflate's tables in the size that so little needs: setting them up costs more than the work. */
const SMALL_STATE = { windowBits: 14, memLevel: 6, chunkSize: 4096 };
/** The bytes that a stored block of a deflate stream can hold, and what goes before them (RFC 1951, 3.2.4). */
const STORED_BLOCK = 0xffff;
const STORED_BLOCK_HEADER = 5;
/** What shrinks to more than this of itself is stored. */
const WORTHWHILE = 0.97;
/** At this level deflate is fast on everything: what samples are tried at. */
const SAMPLE_LEVEL = 4;

const COMPRESSED =
  /\.(gz|tgz|bgz|bgzf|xz|txz|zst|zstd|bz2|tbz2?|lz4|br|7z|zip|npz|whl|jar|bam|cram|bcf|png|jpe?g|gif|webp|avif|mp[34]|m4[av]|webm|ogg|woff2?)$/i;

/** Whether a file's name says that deflate has nothing to gain in it. */
export function isCompressedName(path: string): boolean {
  return COMPRESSED.test(path);
}

/**
 * Chooses by deflating samples. Where matches gain nothing over Huffman codes alone (sequences that aren't
 * related within 32 KiB) looking for them costs twenty times the time and makes the result larger, so it isn't done.
 */
export async function chooseCompression(samples: readonly Buffer[], level: number): Promise<Compression> {
  if (level === 0) return { method: "stored" };
  let total = 0;
  let matched = 0;
  let coded = 0;
  for (const sample of samples) {
    total += sample.length;
    matched += (await deflateBlock(sample, { level: Math.min(level, SAMPLE_LEVEL) })).length;
    coded += (await deflateBlock(sample, { level: 1, strategy: constants.Z_HUFFMAN_ONLY })).length;
  }
  if (Math.min(matched, coded) > total * WORTHWHILE) return { method: "stored" };
  return coded <= matched
    ? { method: "deflate", level: 1, strategy: constants.Z_HUFFMAN_ONLY }
    : { method: "deflate", level, strategy: constants.Z_DEFAULT_STRATEGY };
}

/** Where {@link chooseCompression} should look in so many bytes: the beginning, the middle and the end. */
export function sampleRanges(size: number): { start: number; end: number }[] {
  if (size <= 3 * SAMPLE_SIZE) return [{ start: 0, end: Math.min(size, SAMPLE_SIZE) }];
  return [0, Math.floor((size - SAMPLE_SIZE) / 2), size - SAMPLE_SIZE].map((start) => ({
    start,
    end: start + SAMPLE_SIZE,
  }));
}

/** The samples of bytes that are in memory. */
export function samplesOf(bytes: Buffer): Buffer[] {
  return sampleRanges(bytes.length).map(({ start, end }) => bytes.subarray(start, end));
}

/**
 * One block of a deflate stream (RFC 1951), made on zlib's threads. Blocks compressed apart make one stream when they
 * are put together in order: all but the last end on a byte's boundary, and refer back through the 32 KiB before them.
 */
export function compressBlock(
  block: Buffer,
  { level, strategy }: { readonly level: number; readonly strategy: number },
  place: { readonly previous: Buffer | undefined; readonly last: boolean },
): Promise<Buffer> {
  // As zlib would do it at this level, by way of three times the memory.
  if (level === 0) return Promise.resolve(storedBlocks(block, place.last));
  return deflateBlock(block, {
    level,
    strategy,
    chunkSize: Math.max(Math.ceil(block.length / 3), 1024),
    finishFlush: place.last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    ...(place.previous && { dictionary: place.previous }),
  });
}

/** A block of a deflate stream that begins and ends on a byte's boundary and is not compressed (RFC 1951, 3.2.4). */
function storedBlocks(block: Buffer, last: boolean): Buffer {
  const count = Math.max(Math.ceil(block.length / STORED_BLOCK), 1);
  const result = Buffer.allocUnsafe(block.length + count * STORED_BLOCK_HEADER);
  let at = 0;
  for (let index = 0; index < count; index++) {
    const data = block.subarray(index * STORED_BLOCK, (index + 1) * STORED_BLOCK);
    at = result.writeUInt8(last && index === count - 1 ? 1 : 0, at);
    at = result.writeUInt16LE(data.length, at);
    at = result.writeUInt16LE(~data.length & 0xffff, at);
    result.set(data, at);
    at += data.length;
  }
  return result;
}

/** Compresses bytes that are in memory, or stores them where that gains too little. */
export async function compressWhole(
  bytes: Buffer,
  path: string,
  level: number,
): Promise<{ method: "stored" | "deflate"; data: Buffer }> {
  const stored = { method: "stored", data: bytes } as const;
  if (bytes.length === 0 || level === 0 || isCompressedName(path)) return stored;
  let data: Buffer;
  if (bytes.length <= SYNC_SIZE) {
    data = deflateRawSync(bytes, { level: Math.min(level, SAMPLE_LEVEL), ...SMALL_STATE });
  } else {
    const compression =
      bytes.length <= SAMPLE_SIZE
        ? ({ method: "deflate", level, strategy: constants.Z_DEFAULT_STRATEGY } as const)
        : await chooseCompression(samplesOf(bytes), level);
    if (compression.method === "stored") return stored;
    data = await compressBlock(bytes, compression, { previous: undefined, last: true });
  }
  return data.length > bytes.length * WORTHWHILE ? stored : { method: "deflate", data };
}

function deflateBlock(bytes: Buffer, options: ZlibOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflateRaw(bytes, options, (error, result) => (error ? reject(error) : resolve(result as Buffer)));
  });
}
