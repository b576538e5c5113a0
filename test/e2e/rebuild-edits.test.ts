// Protects that a rebuild on AWS Batch makes anew what a rebuild here makes, edit by edit, and that what comes home is judged alike.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { edits, editWorkflow, writeWorkflow } from "../support/rebuild-edits.ts";
import { build, copyAsIs, rulesRun, treeOf, wouldRun } from "../support/rebuilds.ts";
import { onBatch, type Way, waysToRun } from "../support/ways.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const tools = ["zip", "unzip", "snakemake"].every(have);
const { ways, env: engineEnv } = await waysToRun();
const starts: readonly Way[] = [
  { name: "was built on AWS Batch", options: onBatch },
  { name: "was built here", options: ["--ambient"] },
];

/** What became of a directory: which rules ran, what is there now, and what Snakemake would do next. */
interface Outcome {
  readonly ran: readonly string[];
  readonly tree: Readonly<Record<string, string>>;
  readonly next: readonly string[];
}

describe.skipIf(!tools)("a rebuild (needs zip, unzip and snakemake)", { timeout: 900_000 }, () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await workplace();
    Object.assign(place.env, engineEnv);
    await mkdir(place.directory, { recursive: true });
  });
  afterAll(() => place[Symbol.asyncDispose]());

  async function outcome(directory: string, options: readonly string[]): Promise<Outcome> {
    const result = await build(directory, options, { env: place.env });
    expect(result.exitStatus, result.stdout + result.stderr).toBe(0);
    return {
      ran: rulesRun(result),
      tree: await treeOf(directory),
      next: (await wouldRun(directory)).rules,
    };
  }

  describe.each(starts)("of what $name", (start) => {
    let edited: string;
    let here: Outcome;
    beforeAll(async () => {
      const directory = join(place.directory, start.name.replaceAll(" ", "-"));
      await mkdir(directory);
      writeWorkflow(directory);
      const first = await build(directory, start.options, { env: place.env });
      expect(first.exitStatus, first.stdout + first.stderr).toBe(0);
      edited = `${directory}-edited`;
      await copyAsIs(directory, edited);
      editWorkflow(edited);
      await copyAsIs(edited, `${edited}-here`);
      here = await outcome(`${edited}-here`, ["--ambient"]);
    });

    test.each(edits)("after $name ($id), made here", ({ id, runs }) => {
      expect(here.ran.filter((rule) => rule.startsWith(`${id}_`))).toEqual(runs);
    });

    describe.each(ways)("on AWS Batch $name", (way) => {
      describe.skipIf(way.skip !== undefined)(way.skip ?? "", () => {
        let there: Outcome;
        beforeAll(async () => {
          const directory = `${edited}-${way.name.replaceAll(" ", "-")}`;
          await copyAsIs(edited, directory);
          there = await outcome(directory, way.options);
        });

        const of = (id: string, { ran, tree, next }: Outcome) => ({
          ran: ran.filter((rule) => rule.startsWith(`${id}_`)),
          next: next.filter((rule) => rule.startsWith(`${id}_`)),
          tree: Object.fromEntries(Object.entries(tree).filter(([path]) => path.startsWith(id))),
        });
        test.each(edits)("after $name ($id), the same rules run, and the files are the same", ({ id }) => {
          expect(of(id, there)).toEqual(of(id, here));
        });

        test("all rules that run, all files and all of Snakemake's notes are the same", () => {
          expect(there).toEqual(here);
        });
      });
    });
  });
});
