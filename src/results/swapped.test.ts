// A directory is swapped for a link, moved or removed while results arrive: nothing is written outside, the rest arrives.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { applyPlan } from "./apply.ts";
import { openDirectories } from "./directories.ts";
import type { Summary } from "./events.ts";
import { planResults } from "./plan.ts";
import { archiveOf, beginRun, fetchFrom, jobTime, put, readTree, runId, tempTree } from "./test-support.ts";

const FILES = 40;
/** How many entries have been asked for when the directory is swapped. */
const SWAP_AT = 17;

function manyFiles(directory: (at: number) => string): Record<string, string> {
  const names = Array.from({ length: FILES }, (_, at) => `${directory(at)}/${at}`);
  return {
    ...Object.fromEntries(names.map((name) => [name, `the job's ${name}`])),
    "other/file": "the job's",
  };
}

/** Brings results into `root/`, beside which is `out/`, and does something when some of them have arrived. */
async function bringBackAmid(
  files: Record<string, string>,
  amid: (root: string) => void,
  byHandle: boolean,
  prepare: (root: string) => void = () => {},
): Promise<{ summary: Summary; tree: Record<string, string>; out: Record<string, string> }> {
  using tree = tempTree({
    "root/other/file": "before",
    "root/results/here": "before",
    "out/here": "outside",
  });
  const root = join(tree.root, "root");
  prepare(root);
  const contents = archiveOf(files);
  const plan = await planResults({ root, runId, entries: [...contents.keys()], began: beginRun(root) });
  let asked = 0;
  const { fetch } = fetchFrom(contents, () => {
    if (++asked === SWAP_AT) amid(root);
  });
  const signal = new AbortController().signal;
  const summary = await applyPlan(plan, { root, runId, fetch, signal, onEvent: () => {}, now: 0, byHandle });
  return {
    summary,
    tree: existsSync(root) ? readTree(root) : {},
    out: readTree(join(tree.root, "out")),
  };
}

/** What this process has open there; nothing where the system doesn't say. */
function openBelow(directory: string): string[] {
  if (!existsSync("/proc/self/fd")) return [];
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return [];
    }
  });
}

function swapForLink(root: string): void {
  renameSync(join(root, "results"), join(root, "moved"));
  symlinkSync("../out", join(root, "results"));
}

describe.each([
  ["held open", true],
  ["looked at each time", false],
])("directories that are %s", (_, byHandle) => {
  test.each([
    ["of files in it", () => "results"],
    ["of directories to be made in it", (at: number) => `results/made-${at}`],
    ["of directories below one to be made", (at: number) => `results/new/deep/made-${at}`],
  ])("a swap for a link, %s: nothing goes outside, and what else there is arrives", async (_, directory) => {
    const { summary, tree, out } = await bringBackAmid(manyFiles(directory), swapForLink, byHandle);
    expect(out).toEqual({ here: "outside" });
    expect(tree["other/file"]).toBe("the job's");
    expect(summary.failed).toHaveLength(FILES - (SWAP_AT - 1));
    expect(summary.failed[0]?.why).toBe("its directory was replaced by a link in the meantime");
    expect(Object.keys(tree).filter((path) => path.includes(".nextstrain-tmp"))).toEqual([]);
  });

  test("a swap in the middle of a large file: it stays away, and so does what was half-written", async () => {
    const large = { "results/large": "x".repeat(1_000_000), "other/file": "the job's" };
    using tree = tempTree({
      "root/results/here": "before",
      "root/other/file": "before",
      "out/here": "outside",
    });
    const root = join(tree.root, "root");
    const contents = archiveOf(large);
    const plan = await planResults({ root, runId, entries: [...contents.keys()], began: beginRun(root) });
    let swapped = false;
    const summary = await applyPlan(plan, {
      root,
      runId,
      fetch: fetchFrom(contents).fetch,
      signal: new AbortController().signal,
      now: 0,
      byHandle,
      onEvent({ kind }) {
        if (kind !== "progress" || swapped) return;
        swapped = true;
        swapForLink(root);
      },
    });
    expect(summary.failed.map(({ path }) => path)).toEqual(["results/large"]);
    expect(readTree(join(tree.root, "out"))).toEqual({ here: "outside" });
    expect(readTree(root)["other/file"]).toBe("the job's");
    // Without a handle the way to it is gone; a later run sweeps it.
    if (byHandle) expect(readTree(join(root, "moved"))).toEqual({ here: "before" });
  });

  test("the job's version that goes beside a link's own name does not go through a swapped directory", async () => {
    const files = { ...manyFiles(() => "data"), "results/link": "the job's" };
    const { summary, out } = await bringBackAmid(
      files,
      (root) => {
        swapForLink(root);
        put(root, "data/real", "edited");
      },
      byHandle,
      (root) => {
        put(root, "data/real", "before");
        symlinkSync("../data/real", join(root, "results/link"));
      },
    );
    expect(out).toEqual({ here: "outside" });
    expect(summary.failed.map(({ path }) => path)).toEqual(["results/link"]);
  });

  test("a directory that is removed is made again; one that is swapped for another gets the rest", async () => {
    const files = manyFiles(() => "results");
    for (const amid of [
      (root: string) => rmSync(join(root, "results"), { recursive: true }),
      (root: string) => {
        renameSync(join(root, "results"), join(root, "moved"));
        mkdirSync(join(root, "results"));
      },
    ]) {
      const { summary, tree } = await bringBackAmid(files, amid, byHandle);
      expect(summary.failed).toEqual([]);
      expect(Object.keys(tree).filter((path) => path.startsWith("results/"))).toHaveLength(
        FILES - SWAP_AT + 1,
      );
    }
  });

  test("a build directory that is moved away is not made again", async () => {
    const { summary, tree } = await bringBackAmid(
      manyFiles(() => "results"),
      (root) => renameSync(root, `${root}-moved`),
      byHandle,
    );
    expect(tree).toEqual({});
    expect(summary.failed[0]?.why).toBe("the directory was moved away or removed in the meantime");
  });

  test("times are not set through a link", async () => {
    using tree = tempTree({ "root/results/here": "same", "out/here": "outside" });
    const root = join(tree.root, "root");
    const longAgo = jobTime / 1000 - 1_000_000;
    for (const path of ["root/results/here", "out/here"]) utimesSync(join(tree.root, path), longAgo, longAgo);
    const contents = archiveOf({ "results/here": "same" });
    const plan = await planResults({ root, runId, entries: [...contents.keys()], began: undefined });
    expect(plan.verdicts.map(({ kind }) => kind)).toEqual(["set-times"]);
    swapForLink(root);
    const signal = new AbortController().signal;
    const { fetch } = fetchFrom(contents);
    await applyPlan(plan, { root, runId, fetch, signal, onEvent: () => {}, now: 0, byHandle });
    expect(statSync(join(tree.root, "out/here")).mtimeMs).toBe(longAgo * 1000);
    expect(lstatSync(join(root, "results")).isSymbolicLink()).toBe(true);
  });

  test("leaves no directory open", async () => {
    using tree = tempTree();
    const directories = openDirectories({ root: tree.root, now: 0, byHandle });
    for (let at = 0; at < 50; at++) {
      using held = await directories.hold(join(tree.root, "a", `${at}`));
      held.check();
    }
    const held = await directories.hold(join(tree.root, "a"));
    rmSync(join(tree.root, "a"), { recursive: true });
    expect(() => held.check()).toThrow("replaced");
    const again = await directories.hold(join(tree.root, "a"));
    again.check();
    held[Symbol.dispose]();
    directories[Symbol.dispose]();
    again[Symbol.dispose]();
    expect(openBelow(tree.root)).toEqual([]);
  });
});
