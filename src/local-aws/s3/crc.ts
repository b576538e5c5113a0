/**
 * CRCs that Node lacks, and the arithmetic that joins the CRCs of two runs of bytes without reading them again.
 * All of S3's are reflected, start from all ones, and are inverted at the end (Rocksoft model).
 */

/** CRC-32, as in ZIP and zlib. */
export const CRC32_POLYNOMIAL = 0xedb88320n;
/** CRC-32C (Castagnoli), RFC 3720. */
export const CRC32C_POLYNOMIAL = 0x82f63b78n;
/** CRC-64/NVME (NVM Express Base Specification). */
export const CRC64_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;

const CRC32C_TABLE = makeTable(CRC32C_POLYNOMIAL);
const CRC64_TABLE = makeTable(CRC64_POLYNOMIAL);
const CRC32C_LOW = Uint32Array.from(CRC32C_TABLE, Number);
const CRC64_LOW = Uint32Array.from(CRC64_TABLE, (entry) => Number(entry & 0xffffffffn));
const CRC64_HIGH = Uint32Array.from(CRC64_TABLE, (entry) => Number(entry >> 32n));

function makeTable(polynomial: bigint): bigint[] {
  return Array.from({ length: 256 }, (_, index) => {
    let entry = BigInt(index);
    for (let bit = 0; bit < 8; bit += 1) entry = entry & 1n ? (entry >> 1n) ^ polynomial : entry >> 1n;
    return entry;
  });
}

/** CRC-32C of `data` after bytes whose CRC is `crc` (0 at the start). */
export function crc32c(data: Uint8Array, crc: number): number {
  let state = ~crc;
  for (const byte of data) state = (state >>> 8) ^ (CRC32C_LOW[(state ^ byte) & 0xff] ?? 0);
  return ~state >>> 0;
}

/** A 64-bit number in two halves: BigInt would be some thirty times slower here. */
export interface Halves {
  readonly high: number;
  readonly low: number;
}

/** CRC-64/NVME of `data` after bytes whose CRC is `crc` (zeros at the start). */
export function crc64nvme(data: Uint8Array, crc: Halves): Halves {
  let high = ~crc.high;
  let low = ~crc.low;
  for (const byte of data) {
    const index = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (CRC64_LOW[index] ?? 0);
    high = (high >>> 8) ^ (CRC64_HIGH[index] ?? 0);
  }
  return { high: ~high >>> 0, low: ~low >>> 0 };
}

/** The CRC of two runs of bytes, one after the other, from theirs (as zlib's crc32_combine). */
export function combineCrc(
  first: bigint,
  second: bigint,
  secondLength: number,
  { polynomial, bits }: { readonly polynomial: bigint; readonly bits: bigint },
): bigint {
  const one = 1n << (bits - 1n);
  const multiply = (a: bigint, b: bigint): bigint => {
    let product = 0n;
    let factor = b;
    for (let bit = one; bit > 0n; bit >>= 1n) {
      if (a & bit) product ^= factor;
      factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n;
    }
    return product;
  };
  // x^(8 · length) by squaring: appending a byte multiplies by x^8.
  let power = one;
  let square = one >> 8n;
  for (let left = secondLength; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return multiply(power, first) ^ second;
}
