import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bytesSource, fileSource, readRange } from "./random-access.ts";
import { fussySource, noise } from "./testing.ts";

const scratch = mkdtempSync(join(tmpdir(), "nextstrain-source-"));
const path = join(scratch, "file");
afterAll(() => rmSync(scratch, { recursive: true }));

test("a file is read from any offset, over several pieces", async () => {
  const bytes = noise(700_000);
  writeFileSync(path, bytes);
  const source = await fileSource(path);
  expect(source.size).toBe(700_000);
  expect((await readRange(source, 10, 600_000)).equals(bytes.subarray(10, 600_010))).toBe(true);
  truncateSync(path, 1000);
  await expect(readRange(source, 10, 2000)).rejects.toMatchObject({ code: "truncated" });
  await source[Symbol.asyncDispose]();
});

test("reading stops with the signal's reason", async () => {
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await expect(readRange(bytesSource(noise(10)), 0, 5, signal)).rejects.toBe(reason);
  writeFileSync(path, noise(10));
  const source = await fileSource(path);
  await expect(readRange(source, 0, 5, signal)).rejects.toBe(reason);
  await source[Symbol.asyncDispose]();
});

test("an answer that is too short, or a range past the end, is an error", async () => {
  const { source } = fussySource(noise(10), 3);
  const short = { ...source, read: (offset: number) => source.read(offset, 2) };
  await expect(readRange(short, 0, 5)).rejects.toMatchObject({ code: "truncated" });
  await expect(readRange(bytesSource(noise(10)), 8, 5)).rejects.toMatchObject({ code: "truncated" });
});
