// Protects that results are not older here than what they were made from, where the archive has one time for both.
import { expect, test } from "vitest";
import type { FileState } from "../runs/types.ts";
import { entryOf } from "./test-support.ts";
import { withTimesHere } from "./times-here.ts";

const before = (path: string, mtimeMs: number): [string, FileState] => [
  path,
  { path, mtimeMs, size: 2, crc32: entryOf(path, "in").crc32, sha256: "", mode: 0o644 },
];
const began = (...states: [string, FileState][]) => ({
  source: "record" as const,
  uploaded: new Map(states),
  excluded: new Map(),
  directories: new Set<string>(),
});
const timesOf = (entries: readonly { path: string; mtimeMs: number }[]) =>
  Object.fromEntries(entries.map(({ path, mtimeMs }) => [path, mtimeMs]));

test("a result with the time of an uploaded file gets that file's own time, others keep theirs", () => {
  const entries = [
    entryOf("in", "in", { mtimeMs: 5000 }),
    entryOf("also", "in", { mtimeMs: 5000 }),
    entryOf("lowered", "in", { mtimeMs: 8000 }),
    entryOf("link", "x", { mtimeMs: 5000 }),
    entryOf("again", "in", { mtimeMs: 8000 }),
    entryOf("made", "x", { mtimeMs: 20_000 }),
  ];
  const here = withTimesHere(
    entries,
    began(before("in", 5250), before("also", 5750.5), before("lowered", 9100), before("again", 7500)),
  );
  expect(timesOf(here)).toEqual({
    ...{ in: 5000, also: 5000, lowered: 8000, made: 20_000 },
    link: 5750.502,
    again: 9100.002,
  });
  expect(here[0]).toBe(entries[0]);
});

test("where nothing is known of the start, every time stays", () => {
  const entries = [entryOf("a", "x")];
  expect(withTimesHere(entries, undefined)).toBe(entries);
});
