// Random trees, jobs and edits against a model of the table of results, with interruptions in between.
import { rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ArchiveEntry } from "../archive/types.ts";
import { conflictName } from "./names.ts";
import {
  archiveOf,
  asManifest,
  beginRun,
  bringBack,
  jobTime,
  put,
  readTree,
  runId,
  tempTree,
} from "./test-support.ts";
import { PATHS, randomFrom, randomHistory, tableSays } from "./testing-table.ts";

const ROUNDS = Number(process.env.NEXTSTRAIN_TEST_ROUNDS ?? 120);

test.each(Array.from({ length: ROUNDS }, (_, seed) => seed))(
  "whatever happened, the tree is what the table says (seed %i)",
  async (seed) => {
    const random = randomFrom(seed);
    const knowledge = (["record", "manifest", "nothing"] as const)[seed % 3] ?? "record";
    const histories = new Map(PATHS.map((path) => [path, randomHistory(random)]));
    using tree = tempTree();
    for (const [path, { before }] of histories) if (before !== undefined) put(tree.root, path, before);
    const record = beginRun(
      tree.root,
      PATHS.filter((path) => histories.get(path)?.excluded),
    );
    const began = knowledge === "record" ? record : knowledge === "manifest" ? asManifest(record) : undefined;

    const contents = new Map<ArchiveEntry, string>();
    const expected: Record<string, string> = {};
    for (const [path, history] of histories) {
      const { before, here, job, jobWrote } = history;
      if (here === undefined) rmSync(join(tree.root, path), { force: true });
      else if (here !== before || random.chance(0.2)) put(tree.root, path, here);
      if (here !== undefined && random.chance(0.2)) {
        utimesSync(join(tree.root, path), jobTime / 1000, jobTime / 1000);
      }
      if (job !== undefined) {
        for (const pair of archiveOf({ [path]: job }, { madeByInfoZip: jobWrote })) contents.set(...pair);
      }
      const writtenSince =
        here !== undefined && statSync(join(tree.root, path)).mtimeMs >= (began?.beganAt ?? 0);
      const after = tableSays({ ...history, writtenSince }, knowledge);
      if (after.here !== undefined) expected[path] = after.here;
      if (after.beside !== undefined) expected[conflictName(path, runId)] = after.beside;
    }

    for (let tries = random.below(3); tries > 0; tries--) {
      const stop = new AbortController();
      let countdown = random.below(12);
      const onEvent = () => void (countdown-- === 0 && stop.abort(new Error("stopped")));
      await bringBack(tree.root, contents, began, { signal: stop.signal, onEvent }).catch((error: Error) => {
        if (error.message !== "stopped") throw error;
      });
    }
    await bringBack(tree.root, contents, began);
    const files = Object.entries(readTree(tree.root)).filter(([path]) => !path.endsWith("/"));
    expect(Object.fromEntries(files)).toEqual(expected);
  },
);
