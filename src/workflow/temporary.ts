import { randomBytes } from "node:crypto";

/** How the name of each temporary file of this program begins. */
const TEMPORARY_PREFIX = ".nextstrain-tmp-";

/** Of this process: to ask for random bytes for each name takes longer than to make a small file. */
let ours: string | undefined;
let count = 0;

/**
 * A base name for a temporary file beside a file called `base`: recognisable by {@link isTemporaryName}, unique, and
 * short enough for any file system (255 bytes) however long `base` is.
 */
export function temporaryName(base: string): string {
  ours ??= randomBytes(6).toString("hex");
  count++;
  return `${TEMPORARY_PREFIX}${ours}${count.toString(36)}-${firstBytes(base, 120)}`;
}

/** Whether a base name is that of one of this program's temporary files: never uploaded, swept by a later run. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith(TEMPORARY_PREFIX);
}

/** As much of a text from its start as fits in so many bytes of UTF-8, cut between characters. */
function firstBytes(text: string, limit: number): string {
  let bytes = 0;
  let kept = "";
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > limit) break;
    kept += character;
  }
  return kept;
}
