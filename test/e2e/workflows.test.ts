import { cp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { copyAsIs, rulesRun } from "../support/rebuilds.ts";
import { type Workplace, workplace } from "../support/workplace.ts";
import { haveZikaData, zikaDirectory } from "../support/zika.ts";

const example = fileURLToPath(new URL("../../examples/outbreak", import.meta.url));
const tools =
  ["zip", "unzip", "snakemake", "augur", "mafft"].every(have) && (have("iqtree2") || have("iqtree"));
const needs = "needs zip, unzip, snakemake, augur, mafft and iqtree";
/** What a run of Snakemake by itself may have left in the checkout. */
const MADE = [".snakemake", "results", "auspice"];

/** The Zika workflow's rules that an edit of its filter has run again. */
const ALL_BUT_THE_INDEX = ["align", "ancestral", "export", "filter", "refine", "traits", "translate", "tree"];

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

/** Of Zika builds: the title, and the names of the tips. */
function zikaIn(...directories: string[]): Promise<{ title: string; tips: string[] }[]> {
  return Promise.all(
    directories.map(async (directory) => {
      const file = join(directory, "auspice/zika.json");
      const { meta } = JSON.parse(await readFile(file, "utf8")) as { meta: { title: string } };
      return { title: meta.title, tips: (await tipsIn(file)).map(({ name }) => name).sort() };
    }),
  );
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

/** Snakemake's own; beside them is what the script in a job notes of its use. */
async function logsIn(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, ".snakemake/log"));
  return names.filter((name) => name.endsWith(".snakemake.log"));
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
    expect(await logsIn(directory)).toHaveLength(1);

    const before = await filesIn(directory);
    const second = await place.run(...build);
    expect(second.exitStatus).toBe(0);
    expect(second.stdout).toMatch(/^\[batch\] .*Nothing to be done/m);
    expect(second.stdout).not.toMatch(/^\[batch\] .*\brule \w+:/m);
    expect(await filesIn(directory)).toEqual(before);
    expect(await logsIn(directory)).toHaveLength(2);
  });

  test.skipIf(!haveZikaData())(
    "real Zika data become a tree; with a new title and an earlier date, what is made anew is what a build here makes anew (needs the Zika data)",
    {
      timeout: 900_000,
    },
    async () => {
      const directory = join(place.directory, "zika");
      zikaDirectory(directory);
      const onBatch = ["build", "--aws-batch", "--local-aws", directory];
      const result = await place.run(...onBatch);
      expect(result.exitStatus).toBe(0);
      const [first] = await zikaIn(directory);
      expect(first?.tips.length).toBeGreaterThan(10);

      const here = join(place.directory, "zika-here");
      await copyAsIs(directory, here);
      for (const [path, from, to, rules] of [
        ["config/auspice_config.json", /"title": "[^"]*"/, '"title": "Zika, later"', ["export"]],
        ["Snakefile", /--min-date 2012/, "--min-date 2016", ALL_BUT_THE_INDEX],
      ] as const) {
        for (const each of [directory, here]) {
          const text = await readFile(join(each, path), "utf8");
          expect(text).toMatch(from);
          await writeFile(join(each, path), text.replace(from, to));
        }
        const [there, local] = [await place.run(...onBatch), await place.run("build", "--ambient", here)];
        expect([there.exitStatus, local.exitStatus]).toEqual([0, 0]);
        expect(rulesRun(local)).toEqual(rules);
        expect(rulesRun(there)).toEqual(rules);
      }
      const [made, expected] = await zikaIn(directory, here);
      expect(made).toEqual(expected);
      expect(made?.title).toBe("Zika, later");
      expect(made?.tips.length).toBeLessThan(first?.tips.length ?? 0);
    },
  );
});
