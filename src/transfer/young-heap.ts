import { setFlagsFromString } from "node:v8";

/** Bytes from which on a transfer lasts long enough for the heap to grow. */
const LARGE = 256 * 1024 * 1024;
/** The last major version of Node that this has been tried with: a flag that V8 doesn't know makes it complain. */
const LAST_NODE = 20;

/**
 * Keeps V8's young generation at the size that it has, where so many bytes are to be transferred. They pass through buffers
 * outside the heap that are used again and again, so a larger one gains nothing; by itself it grows to some 50 MiB of
 * what is left of requests, and holds dead buffers for longer. For the whole process, and not undone.
 */
export function keepYoungHeapSmall(bytes: number): void {
  const node = Number(process.versions.node.split(".")[0]);
  if (bytes >= LARGE && node <= LAST_NODE) setFlagsFromString("--semi-space-growth-factor=1");
}
