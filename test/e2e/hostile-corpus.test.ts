// Two hundred archives and manifests that somebody else wrote, made from a seed: whatever they hold, nothing is written
// outside, no edit is lost, and what is written is whole.
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { planReads, readGroup } from "../../src/archive/groups.ts";
import { bytesSource } from "../../src/archive/random-access.ts";
import { readCentralDirectory } from "../../src/archive/read.ts";
import { UserError } from "../../src/errors.ts";
import { applyPlan } from "../../src/results/apply.ts";
import { beganByManifest } from "../../src/results/began.ts";
import { planResults } from "../../src/results/plan.ts";
import { parseRunId } from "../../src/runs/ids.ts";
import { decodeManifest } from "../../src/runs/manifest.ts";
import { EDITED, type HostileRun, hostileRuns, LINK_OUT, OUTSIDE } from "../support/hostile-corpus.ts";
import { tempDir } from "../support/temp-dir.ts";

const SEED = 20_261_122;
const COUNT = 200;
const { signal } = new AbortController();
const MINE = "my edit";

/** Brings one back into `root`. Throws as the program does. */
async function bring(
  { archive, manifest }: HostileRun,
  root: string,
  isManifestRead: boolean,
): Promise<void> {
  const runId = parseRunId("0f8fad5b-d9cb-469f-a165-70867728950e");
  if (runId === undefined) throw new Error("no run id");
  const source = bytesSource(archive);
  const { entries } = await readCentralDirectory(source, { signal });
  // By a manifest of nothing all that is in the archive is the job's.
  const began = beganByManifest(
    isManifestRead ? await decodeManifest(manifest) : { version: 1, runId, uploaded: [] },
    Date.now(),
  );
  const plan = await planResults({ root, runId, entries, began, signal });
  await applyPlan(plan, {
    ...{ root, runId, signal, now: Date.now(), onEvent: () => {} },
    async *fetch(some, fetchSignal) {
      for (const group of planReads(some, { gap: 1000, max: 100_000 })) {
        yield* readGroup(source, group, fetchSignal);
      }
    },
  });
}

/** All files below a directory, with their contents; links are not followed. */
async function filesBelow(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path, "utf8")] as const)));
}

test("a corpus of hostile archives and manifests", async () => {
  const outcomes = { refused: 0, brought: 0, files: 0 };
  for await (const run of hostileRuns(SEED, COUNT)) {
    for (const isManifestRead of [true, false]) {
      await using temporary = await tempDir();
      const root = join(temporary.path, "build");
      const outside = join(temporary.path, OUTSIDE);
      await mkdir(root);
      await mkdir(outside);
      await writeFile(join(outside, "x"), "outside");
      await writeFile(join(root, EDITED), MINE);
      await utimes(join(root, EDITED), 1_000_000_000, 1_000_000_000);
      await symlink(outside, join(root, LINK_OUT));

      const error: unknown = await bring(run, root, isManifestRead).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) expect(error, run.what).toBeInstanceOf(UserError);
      outcomes[error === undefined ? "brought" : "refused"]++;

      const files = await filesBelow(temporary.path);
      expect(files.get(join(outside, "x")), run.what).toBe("outside");
      expect(files.get(join(root, EDITED)), run.what).toBe(MINE);
      for (const path of [join(outside, "x"), join(root, EDITED)]) files.delete(path);
      for (const [path, content] of files) {
        expect(path.startsWith(`${root}/`), run.what).toBe(true);
        expect(path, run.what).not.toMatch(/\.nextstrain-tmp-|\/\.git\/|\.pyc$/i);
        expect(run.contents.has(content), `${run.what}: ${path}`).toBe(true);
        outcomes.files++;
      }
    }
  }
  // It is a corpus of both kinds.
  expect(outcomes.refused).toBeGreaterThan(COUNT / 4);
  expect(outcomes.brought).toBeGreaterThan(COUNT / 4);
  expect(outcomes.files).toBeGreaterThan(COUNT / 2);
});
