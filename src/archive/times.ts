/** Times in a ZIP file: MS-DOS date and time (APPNOTE 4.4.6), here always UTC, and seconds since 1970. */

const EARLIEST = Date.UTC(1980, 0, 1);
const LATEST = Date.UTC(2107, 11, 31, 23, 59, 58);

/**
 * MS-DOS time (low 16 bits) and date (high 16 bits), UTC, rounded up to 2 s as Info-ZIP does; times before 1980
 * or after 2107 become the nearest that can be written.
 */
export function toDosTime(mtimeMs: number): number {
  const seconds = Math.floor(mtimeMs / 1000);
  const even = (seconds + (((seconds % 2) + 2) % 2)) * 1000;
  const time = new Date(Math.min(Math.max(even, EARLIEST), LATEST));
  const date = ((time.getUTCFullYear() - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate();
  const clock = (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1);
  return ((date << 16) | clock) >>> 0;
}

/** Milliseconds since 1970 of an MS-DOS date and time taken as UTC; a day or month of 0 is read as the first. */
export function fromDosTime(dos: number): number {
  const date = dos >>> 16;
  return Date.UTC(
    1980 + (date >>> 9),
    Math.max((date >>> 5) & 15, 1) - 1,
    Math.max(date & 31, 1),
    (dos >>> 11) & 31,
    (dos >>> 5) & 63,
    (dos & 31) * 2,
  );
}

/**
 * Seconds since 1970 as the extended-timestamp field has them (signed, 32 bits), or undefined where they don't
 * fit. Such an entry gets no field: readers disagree about the sign, and its MS-DOS time is right until 2107.
 */
export function toUnixSeconds(mtimeMs: number): number | undefined {
  const seconds = Math.floor(mtimeMs / 1000);
  return seconds === (seconds | 0) ? seconds : undefined;
}
