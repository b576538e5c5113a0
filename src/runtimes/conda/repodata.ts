import type { Readable } from "node:stream";

/** What a channel says of a package's file (`repodata.json`, one for each channel and platform). */
export interface PackageRecord {
  readonly name: string;
  readonly version: string;
  /** In hexadecimal. */
  readonly sha256?: string;
}

/** A record is far shorter; what grows longer without an end is broken. */
const MAX_RECORD = 1024 * 1024;

/**
 * Finds what is said of one file, without keeping the rest: big channels say hundreds of megabytes. Undefined where nothing is.
 */
export async function findRecord(
  repodata: Readable | AsyncIterable<Uint8Array | string>,
  file: string,
): Promise<PackageRecord | undefined> {
  const key = JSON.stringify(file);
  const decoder = new TextDecoder();
  let text = "";
  let found = false;
  for await (const chunk of repodata) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk as Uint8Array, { stream: true });
    if (!found) {
      const at = indexOfKey(text, key);
      if (at === -1) {
        // The key, the blanks and the colon may be divided among chunks.
        text = text.slice(-key.length - 64);
        continue;
      }
      text = text.slice(at);
      found = true;
    }
    const record = firstObject(text);
    if (record !== undefined) return record;
    if (text.length > MAX_RECORD) break;
  }
  return undefined;
}

/** Where the value of a key begins, an object; -1 where there is none (the name may occur as a value, too). */
function indexOfKey(text: string, key: string): number {
  for (let at = text.indexOf(key); at !== -1; at = text.indexOf(key, at + 1)) {
    const [, before = ""] = /^(\s*:\s*)\{/.exec(text.slice(at + key.length, at + key.length + 64)) ?? [];
    if (before !== "") return at + key.length + before.length;
  }
  return -1;
}

/** The object that a text begins with, once all of it is there. */
function firstObject(text: string): PackageRecord | undefined {
  for (let end = text.indexOf("}"); end !== -1; end = text.indexOf("}", end + 1)) {
    try {
      return JSON.parse(text.slice(0, end + 1)) as PackageRecord;
    } catch {
      // A brace within: the object goes on.
    }
  }
  return undefined;
}

/** The newest version of a package in a small channel's repodata; undefined where it has none. */
export function newestVersion(repodata: string, name: string): string | undefined {
  const { packages = {}, "packages.conda": conda = {} } = JSON.parse(repodata) as Partial<
    Record<"packages" | "packages.conda", Readonly<Record<string, PackageRecord>>>
  >;
  return [...Object.values(packages), ...Object.values(conda)]
    .filter((record) => record.name === name)
    .map(({ version }) => version)
    .sort(compareVersions)
    .at(-1);
}

/** Numbers in versions count as numbers; what else there is, as text. */
function compareVersions(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}
