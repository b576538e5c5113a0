import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { UserError } from "../errors.ts";
import { parseRunId } from "./ids.ts";
import { impossibleName, isOverlayPath, quoteName } from "./names.ts";
import type { FileState, Manifest } from "./types.ts";

const compress = promisify(gzip);
const decompress = promisify(gunzip);

const SHA256 = /^[0-9a-f]{64}$/;
const MIB = 1024 * 1024;
/** Each file has a SHA-256 that doesn't compress, unless contents repeat; what unpacks to more is a bomb. */
const LARGEST_RATIO = 250;
const LARGEST = 256 * MIB;

/** The manifest as it is stored in the bucket: gzipped JSON. */
export async function encodeManifest(manifest: Manifest): Promise<Uint8Array> {
  return compress(JSON.stringify(manifest));
}

/**
 * Reads a manifest from the bucket, where anyone who may write there can have put it. Throws a UserError that says
 * what is wrong with it: broken, a bomb, from a newer version, or with a name that is unsafe or there twice.
 * Overlays' files, which are never brought back, are dropped.
 */
export async function decodeManifest(bytes: Uint8Array): Promise<Manifest> {
  const value = await parse(bytes);
  if (!isObject(value)) throw refused("it is not a JSON object");
  if (typeof value.version === "number" && value.version > 1) {
    throw new UserError("The run's manifest was written by a newer version of this program.", {
      hint: "Update this program to bring the results back.",
    });
  }
  const runId = typeof value.runId === "string" ? parseRunId(value.runId) : undefined;
  if (value.version !== 1 || runId === undefined || !Array.isArray(value.uploaded)) {
    throw refused("it lacks its version, run id or files");
  }
  const seen = new Set<string>();
  const uploaded: FileState[] = [];
  for (const item of value.uploaded) {
    const state = fileState(item);
    if (isOverlayPath(state.path)) continue;
    // What the user's own files may be called passes: it only tells how they were, and nothing is written by it.
    const unsafe = impossibleName(state.path);
    if (unsafe !== undefined) throw refused(`the name ${quoteName(state.path)} is unsafe: ${unsafe}`);
    if (seen.has(state.path)) throw refused(`the name ${quoteName(state.path)} is there twice`);
    seen.add(state.path);
    uploaded.push(state);
  }
  return { version: 1, runId, uploaded };
}

async function parse(bytes: Uint8Array): Promise<unknown> {
  const limit = Math.min(LARGEST, MIB + LARGEST_RATIO * bytes.length);
  try {
    return JSON.parse((await decompress(bytes, { maxOutputLength: limit })).toString("utf8"));
  } catch (error) {
    if (error instanceof RangeError) throw refused(`it unpacks to more than ${limit} bytes`, error);
    throw refused("it is not gzipped JSON", error);
  }
}

function fileState(item: unknown): FileState {
  if (!isObject(item) || typeof item.path !== "string") throw refused("a file in it has no name");
  const { path, size, mtimeMs, mode, crc32, sha256 } = item;
  if (
    !isWhole(size, Number.MAX_SAFE_INTEGER) ||
    !isWhole(crc32, 0xffffffff) ||
    !isWhole(mode, 0o7777) ||
    typeof mtimeMs !== "number" ||
    !Number.isFinite(mtimeMs) ||
    typeof sha256 !== "string" ||
    !SHA256.test(sha256)
  ) {
    throw refused(`the state of ${quoteName(path)} is malformed`);
  }
  return { path, size, mtimeMs, mode, crc32, sha256 };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown, largest: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= largest;
}

function refused(what: string, cause?: unknown): UserError {
  return new UserError(`The run's manifest in the bucket is refused: ${what}.`, {
    hint: "Something else wrote or damaged it. Delete it from the bucket (RUN-ID.json.gz): the same command then brings back the results by their archive alone.",
    cause,
  });
}
