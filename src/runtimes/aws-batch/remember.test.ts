import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { entryOf, fetchFrom, jobTime } from "../../results/test-support.ts";
import type { ResultPlan } from "../../results/types.ts";
import { createResultMemory } from "./remember.ts";

const { signal } = new AbortController();

test("a result is remembered as it was written, and not where it was edited since, be it within its second", async () => {
  await using scratch = await tempDir();
  const contents = new Map(["kept", "edited"].map((path) => [entryOf(path, "content"), "content"]));
  const memory = createResultMemory();
  for await (const { entry, data } of memory.watch(fetchFrom(contents).fetch)([...contents.keys()], signal)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of data) pieces.push(piece);
    const target = join(scratch.path, entry.path);
    await writeFile(target, Buffer.concat(pieces));
    await utimes(target, jobTime / 1000, jobTime / 1000);
    memory.written(entry.path);
  }
  await writeFile(join(scratch.path, "edited"), "CONTENT");
  await utimes(join(scratch.path, "edited"), jobTime / 1000, jobTime / 1000 + 0.5);
  const verdicts: ResultPlan["verdicts"] = [...contents.keys()].map((entry) => ({
    ...{ kind: "write", entry, target: join(scratch.path, entry.path), directory: scratch.path },
  }));
  const states = await memory.states({ verdicts, markers: [], unfinished: [], refused: [] }, () => 7);
  expect(states).toMatchObject([{ path: "kept", size: 7, mtimeMs: jobTime, seenAt: 7 }]);
});
