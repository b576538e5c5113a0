// Protects the order of files that Snakemake compares, where an archive keeps whole seconds only.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { seededNumbers } from "../../test/support/random.ts";
import { orderedTimes } from "./archive-times.ts";
import { notePath } from "./snakemake-notes.ts";
import { treeForEachTest } from "./testing-selection.ts";
import type { SelectedFile } from "./types.ts";

const tree = treeForEachTest();
const LATEST = 1_000_000;

function file(path: string, seconds: number, more: Partial<SelectedFile> = {}): SelectedFile {
  const source = join(tree.root, path);
  return {
    ...{
      path,
      source,
      kind: "file",
      size: 1,
      mtimeMs: seconds * 1000,
      ctimeMs: 0,
      mode: 0o644,
      ino: 1,
      dev: 1,
    },
    ...more,
  };
}

/** A note that lies in the tree; unless said otherwise it is older than all outputs, as if they had been edited since. */
function note(output: string, inputs: string[] = [], log: string[] = [], seconds = 1): SelectedFile {
  const name = { kind: "metadata", workdir: "", output } as const;
  const path = notePath(name);
  mkdirSync(dirname(join(tree.root, path)), { recursive: true });
  writeFileSync(join(tree.root, path), JSON.stringify({ input: inputs, log }));
  return file(path, seconds, { note: name });
}

/** The seconds that the files are written with. */
function written(files: SelectedFile[], latest = LATEST): Record<string, number> {
  const times = orderedTimes(files, latest);
  return Object.fromEntries(
    files
      .filter(({ path }) => !path.startsWith(".snakemake"))
      .map(({ path, mtimeMs }) => [
        path,
        (times.get(path) ?? Math.floor(Math.min(mtimeMs, latest) / 1000) * 1000) / 1000,
      ]),
  );
}

test("an input saved in the second of its output, after it, is newer in the archive", () => {
  const files = [file("in", 10.5), file("out", 10.25), note("out", ["in"])];
  expect(written(files)).toEqual({ in: 10, out: 9 });
});

test("an output made in the second of a script or an input, after it, is newer in the archive", () => {
  const files = [file("script.py", 10.25), file("out", 10.5), note("out")];
  expect(written(files)).toEqual({ "script.py": 9, out: 10 });
});

test("files of one time keep one time", () => {
  const files = [
    file("in", 10),
    file("out", 10),
    file("next", 10),
    note("out", ["in"]),
    note("next", ["out"]),
  ];
  expect(written(files)).toEqual({ in: 10, out: 10, next: 10 });
});

test("outputs made one after another are not told apart, but for an input made anew", () => {
  const chain = [file("a", 10.1), file("b", 10.2), note("a"), note("b", ["a"])];
  expect(written(chain)).toEqual({ a: 10, b: 10 });
  const turned = [file("a", 10.3), file("b", 10.2), note("a"), note("b", ["a"])];
  expect(written(turned)).toEqual({ a: 10, b: 9 });
});

test("of outputs that nobody edited since they were made no note is read", () => {
  const made = note("b", ["a"], [], 10.35);
  rmSync(join(tree.root, made.path));
  const files = [file("a", 10.3), file("b", 10.2), note("a", [], [], 10.4), made];
  expect(written(files)).toEqual({ a: 10, b: 10 });
});

test("logs are nobody's input, and what is in a directory() counts by its time stamp", () => {
  const files = [
    ...[file("log", 10.1), file("out", 10.2), file("dir/x", 10.3), file("dir/.snakemake_timestamp", 10.4)],
    ...[note("out", [], ["log"]), note("dir", ["out"])],
  ];
  expect(written(files)).toEqual({ log: 10, out: 10, "dir/x": 10, "dir/.snakemake_timestamp": 10 });
  const late = [file("in", 10.5), file("dir/.snakemake_timestamp", 10.4), note("dir", ["in"])];
  expect(written(late)).toEqual({ in: 10, "dir/.snakemake_timestamp": 9 });
});

test("an output that is a link counts by its own time", () => {
  const files = [file("in", 20), file("latest", 10, { linkMtimeMs: 21_500 }), note("latest", ["in"])];
  expect(written(files)).toEqual({ in: 20, latest: 21 });
  expect(written([file("in", 20), file("other", 10, { linkMtimeMs: 21_500 })])).toEqual({
    in: 20,
    other: 10,
  });
});

test("times from the future are written as the latest, in their order", () => {
  const files = [file("in", 5000), file("out", 4000), note("out", ["in"])];
  expect(written(files, 2_000_500)).toEqual({ in: 2000, out: 1999 });
});

test("without notes every file keeps its second", () => {
  expect(written([file("a", 10.1), file("b", 10.9)])).toEqual({ a: 10, b: 10 });
});

test("in random histories the order of every output and its inputs is kept, and nothing gets later", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededNumbers(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const count = 2 + below(12);
    const time = () => 100 + below(3) + below(4) / 4;
    const names = Array.from({ length: count }, (_, index) => `f${index}`);
    const files = names.map((name) => file(name, time()));
    const edges: [string, string][] = [];
    const outputs = new Set<string>();
    for (const [index, name] of names.entries()) {
      if (index === 0 || random() < 0.4) continue;
      const inputs = names.slice(0, index).filter(() => random() < 0.4);
      for (const input of inputs) edges.push([input, name]);
      files.push(note(name, inputs));
      outputs.add(name);
    }
    const seconds = written(files);
    const own = new Map(files.map(({ path, mtimeMs }) => [path, mtimeMs / 1000]));
    const of = (name: string) => ({ name, own: own.get(name) ?? 0, written: seconds[name] ?? 0 });
    for (const [input, output] of edges) {
      const [one, other] = [of(input), of(output)];
      expect(one.written > other.written, `seed ${seed}: ${input} and ${output}`).toBe(one.own > other.own);
    }
    // A script is nobody's input, and must be older than the output, not as old.
    for (const [one, other] of names.flatMap((one) => names.map((other) => [of(one), of(other)] as const))) {
      if (outputs.has(one.name) === outputs.has(other.name) || one.own <= other.own) continue;
      expect(one.written, `seed ${seed}: ${one.name} and ${other.name}`).toBeGreaterThan(other.written);
    }
    for (const name of names) expect(of(name).written).toBeLessThanOrEqual(Math.floor(of(name).own));
  }
});
