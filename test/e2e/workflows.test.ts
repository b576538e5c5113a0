import { cp, readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { type Workplace, workplace } from "../support/workplace.ts";
import { haveZikaData, zikaDirectory } from "../support/zika.ts";

const example = fileURLToPath(new URL("../../examples/outbreak", import.meta.url));
const tools =
  ["zip", "unzip", "snakemake", "augur", "mafft"].every(have) && (have("iqtree2") || have("iqtree"));
const needs = "needs zip, unzip, snakemake, augur, mafft and iqtree";
/** What a run of Snakemake by itself may have left in the checkout. */
const MADE = [".snakemake", "results", "auspice"];

interface Node {
  readonly name: string;
  readonly children?: readonly Node[];
}

const tipsOf = (node: Node): Node[] => (node.children ? node.children.flatMap(tipsOf) : [node]);

async function tipsIn(file: string): Promise<Node[]> {
  const dataset = JSON.parse(await readFile(file, "utf8")) as { version: string; tree: Node };
  expect(dataset.version).toBe("v2");
  return tipsOf(dataset.tree);
}

/** Size and modification time of each file, those of `.snakemake/` left out. */
async function filesIn(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(join(directory, ".snakemake")))
    .sort();
  const found = await Promise.all(
    paths.map(async (path) => {
      const { size, mtimeMs } = await stat(path);
      return [path, `${size} ${mtimeMs}`] as const;
    }),
  );
  return Object.fromEntries(found);
}

describe.skipIf(!tools)(`real workflows through AWS Batch (${needs})`, () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await workplace();
  });
  afterAll(() => place[Symbol.asyncDispose]());

  test("the example becomes a tree; built again, no rule runs and no file changes", {
    timeout: 300_000,
  }, async () => {
    const directory = join(place.directory, "outbreak");
    await cp(example, directory, { recursive: true, filter: (source) => !MADE.includes(basename(source)) });
    const build = ["build", "--aws-batch", "--local-aws", directory];

    const running = place.start(...build);
    // The log comes while the job runs, not at its end.
    await running.seen(/^\[batch\] .*\brule filter:|^\[batch\] .*Leaving out incomplete/m);
    expect(running.child.exitCode).toBeNull();
    const first = await running.ended;
    expect(first.stderr).toBe(`To look at the results: nextstrain view ${directory}\n`);
    expect(first.exitStatus).toBe(0);
    expect(first.stdout).toMatch(/^\[batch\] .*\(100%\) done$/m);
    // Of 42 samples, one is too incomplete, and one is excluded.
    expect(await tipsIn(join(directory, "auspice/outbreak.json"))).toHaveLength(40);
    expect(await readdir(join(directory, ".snakemake/log"))).toHaveLength(1);

    const before = await filesIn(directory);
    const second = await place.run(...build);
    expect(second.exitStatus).toBe(0);
    expect(second.stdout).toMatch(/^\[batch\] .*Nothing to be done/m);
    expect(second.stdout).not.toMatch(/^\[batch\] .*\brule \w+:/m);
    expect(await filesIn(directory)).toEqual(before);
    expect(await readdir(join(directory, ".snakemake/log"))).toHaveLength(2);
  });

  test.skipIf(!haveZikaData())(
    "real Zika data become a tree (needs the Zika data)",
    {
      timeout: 600_000,
    },
    async () => {
      const directory = join(place.directory, "zika");
      zikaDirectory(directory);
      const result = await place.run("build", "--aws-batch", "--local-aws", directory);
      expect(result.exitStatus).toBe(0);
      expect((await tipsIn(join(directory, "auspice/zika.json"))).length).toBeGreaterThan(10);
    },
  );
});
