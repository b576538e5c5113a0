/** Numbers of the ZIP format (PKWARE APPNOTE 6.3.10, section 4.3 and 4.4). */

export const LOCAL_HEADER = 0x04034b50;
export const LOCAL_HEADER_SIZE = 30;
export const CENTRAL_RECORD = 0x02014b50;
export const CENTRAL_RECORD_SIZE = 46;
export const END_RECORD = 0x06054b50;
export const END_RECORD_SIZE = 22;
export const ZIP64_END_RECORD = 0x06064b50;
export const ZIP64_END_RECORD_SIZE = 56;
export const ZIP64_LOCATOR = 0x07064b50;
export const ZIP64_LOCATOR_SIZE = 20;

/** A field with this value has its real one in a ZIP64 record or extra field. */
export const MAX_16 = 0xffff;
export const MAX_32 = 0xffffffff;

/** Ids of extra fields (APPNOTE 4.5.2, and Info-ZIP's `proginfo/extrafld.txt`). */
export const EXTRA_ZIP64 = 0x0001;
export const EXTRA_TIMESTAMP = 0x5455;
export const EXTRA_UNIX_OWNER = 0x7875;
export const EXTRA_UNICODE_PATH = 0x7075;

export const METHOD_STORED = 0;
export const METHOD_DEFLATE = 8;

/** Host system in "version made by": Unix, and macOS, which has the same attributes. */
export const MADE_ON_UNIX = 3;
export const MADE_ON_MACOS = 19;

/** "Version needed to extract" (APPNOTE 4.4.3): Info-ZIP's `unzip` skips what needs more than 4.6. */
export const VERSION_STORED = 10;
export const VERSION_DEFLATE = 20;
export const VERSION_ZIP64 = 45;

/** The directory bit of the MS-DOS attributes. */
export const DOS_DIRECTORY = 0x10;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;

/** Where each extra field's data begins and ends, in the order of the fields; what runs over the end is left out. */
export function* extraFields(
  extra: Buffer,
  start = 0,
  end = extra.length,
): Generator<{ id: number; start: number; end: number }> {
  for (let at = start; at + 4 <= end; ) {
    const id = extra.readUInt16LE(at);
    const next = at + 4 + extra.readUInt16LE(at + 2);
    if (next > end) return;
    yield { id, start: at + 4, end: next };
    at = next;
  }
}
