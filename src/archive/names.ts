import { isUtf8 } from "node:buffer";
import { crc32 } from "node:zlib";
import { EXTRA_UNICODE_PATH, extraFields } from "./format.ts";

/**
 * The name of an entry: UTF-8 where its bytes are that (flag bit 11 or not: Info-ZIP writes raw UTF-8 without it); else
 * what a Unicode path field says that was made for these bytes (Info-ZIP 0x7075); else Latin-1, byte for byte: a
 * name on Linux that isn't UTF-8 mostly is that, and no two names become one.
 */
export function decodeName(name: Buffer, extra: Buffer): string {
  if (isUtf8(name)) return name.toString("utf8");
  for (const { id, start, end } of extraFields(extra)) {
    // A version byte (1), the CRC of the name that it stands for, and the name.
    if (id !== EXTRA_UNICODE_PATH || end - start < 5 || extra.readUInt8(start) !== 1) continue;
    const unicode = extra.subarray(start + 5, end);
    if (extra.readUInt32LE(start + 1) === crc32(name) && isUtf8(unicode)) return unicode.toString("utf8");
  }
  return name.toString("latin1");
}

/**
 * The path, where a file of that name may be written below a directory; undefined where it may never be: it is empty
 * or absolute, has a NUL, or a component that is empty, `.` or `..`. Backslashes, colons and other characters are part
 * of a name on the systems that this program runs on, so they stay. Links on the way there are the caller's to check.
 */
export function safeEntryPath(path: string): string | undefined {
  if (path.includes("\0")) return undefined;
  const components = path.split("/");
  return components.some((part) => part === "" || part === "." || part === "..") ? undefined : path;
}
