// SIGKILL at each step on the disk: every file is old or new, and the same thing again finishes the rest.
import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { archiveOf, beginRun, bringBack, put, readTree, tempTree } from "./test-support.ts";

/** More steps than bringing this tree back takes. */
const MOST_STEPS = 200;
const old = { "a.txt": "old a", "b.txt": "old b", "d/c": "old c", same: "same", "data/real": "old" };
const job = {
  // Too large to be written in one go.
  "a.txt": "new a ".repeat(50_000),
  "b.txt": "new b",
  "d/c": "new c",
  same: "same",
  "data/real": "old",
  link: "new real",
  "made/here": "made",
};

test("a killed program leaves each file old or new, and the next run finishes", async () => {
  using scratch = tempTree();
  const driver = join(scratch.root, "driver.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "kill-driver.ts")],
    outfile: driver,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
  });
  let kills = 0;
  let finished = false;
  for (let killAt = 1; killAt < MOST_STEPS; killAt++) {
    using tree = tempTree(old);
    symlinkSync("data/real", join(tree.root, "link"));
    const began = beginRun(tree.root);
    put(tree.root, "b.txt", "my b");
    const input = JSON.stringify({ job, uploaded: [...began.uploaded] });
    const child = spawnSync(process.execPath, [driver, tree.root, `${killAt}`], { encoding: "utf8", input });
    const atKill = readTree(tree.root);
    for (const [path, content] of Object.entries(atKill)) {
      const whole = { ...old, ...job, "b.from-job-0f8fad5b.txt": "new b", "b.txt": "my b", "data/real": "" };
      const allowed = [whole[path as keyof typeof whole], old[path as keyof typeof old]];
      if (path === "data/real" || path === "link") allowed.push("old", "new real");
      if (!path.includes(".nextstrain-tmp-") && !path.endsWith("/")) expect(allowed).toContain(content);
    }
    expect(Object.keys(atKill)).toEqual(expect.arrayContaining(Object.keys(old)));

    await bringBack(tree.root, archiveOf(job), began);
    expect(readTree(tree.root)).toEqual({
      ...job,
      "b.txt": "my b",
      "b.from-job-0f8fad5b.txt": "new b",
      "data/real": "new real",
    });
    if (child.signal === "SIGKILL") kills++;
    else {
      expect(child).toMatchObject({ status: 0, stderr: "" });
      finished = true;
      break;
    }
  }
  expect(finished).toBe(true);
  expect(kills).toBeGreaterThan(30);
});
