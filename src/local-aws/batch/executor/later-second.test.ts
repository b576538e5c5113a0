import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { untilLaterSecond } from "./later-second.ts";

/** Milliseconds that were waited, each time. */
const waits = vi.hoisted((): number[] => []);
vi.mock("node:timers/promises", () => ({ setTimeout: async (time: number) => void waits.push(time) }));

let directory: string;
const now = Date.UTC(2026, 0, 15, 12, 0, 0, 300);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "later-second-"));
  await mkdir(join(directory, "sub"));
  vi.useFakeTimers({ now, toFake: ["Date"] });
  waits.length = 0;
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(directory, { recursive: true });
});

async function fileOf(mtimeMs: number): Promise<void> {
  const path = join(directory, "sub", "file");
  await writeFile(path, "");
  await utimes(path, mtimeMs / 1000, mtimeMs / 1000);
}

test("a file of this very second is waited for, until the next", async () => {
  await fileOf(now - 100);
  await untilLaterSecond(directory);
  expect(waits).toEqual([700]);
});

test.each([
  ["earlier seconds", now - 400],
  ["the future", now + 5000],
])("files of %s are not", async (_, mtimeMs) => {
  await fileOf(mtimeMs);
  await untilLaterSecond(directory);
  expect(waits).toEqual([]);
});
