// Random trees, jobs and edits against a model of the table of results, with interruptions in between.
import { rmSync, utimesSync } from "node:fs";
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

const ROUNDS = Number(process.env.NEXTSTRAIN_TEST_ROUNDS ?? 120);
const PATHS = ["a", "b.txt", "c.tar.gz", "d/e", "d/f.json", "g/h/i", ".j", "k.é", "g/h/l", "m n"];
// Few, some of the same length, so that equal contents and equal sizes come about.
const CONTENTS = ["", "one", "two", "three", "seven"];

/** One file's three states; undefined where it isn't there. */
interface History {
  readonly before: string | undefined;
  readonly excluded: boolean;
  readonly job: string | undefined;
  /** The job wrote it, so that the container's zip did. */
  readonly jobWrote: boolean;
  readonly here: string | undefined;
}

type Knowledge = "record" | "manifest" | "nothing";

/** The table, said again as simply as can be: what is here afterwards, and beside it. */
function model(history: History, knowledge: Knowledge): { here: string | undefined; beside?: string } {
  const { job, here } = history;
  const before = knowledge === "record" || !history.excluded ? history.before : undefined;
  const uploaded = history.excluded ? undefined : history.before;
  const changed = knowledge === "nothing" ? history.jobWrote : job !== uploaded;
  if (job === undefined || !changed) return { here };
  if (here === undefined || here === job) return { here: job };
  if (knowledge !== "nothing" && here === before) return { here: job };
  return { here, beside: job };
}

function randomFrom(seed: number) {
  let state = seed;
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    chance: (probability: number) => next() < probability,
    below: (limit: number) => Math.floor(next() * limit),
    content: () => CONTENTS[Math.floor(next() * CONTENTS.length)] ?? "",
  };
}

function randomHistory({ chance, content }: ReturnType<typeof randomFrom>): History {
  const before = chance(0.7) ? content() : undefined;
  const excluded = before !== undefined && chance(0.2);
  const jobWrote = chance(0.5);
  const job = jobWrote ? content() : excluded ? undefined : before;
  const here = chance(0.4) ? (chance(0.3) ? undefined : content()) : before;
  return { before, excluded, job, jobWrote, here };
}

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
      const after = model(history, knowledge);
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
