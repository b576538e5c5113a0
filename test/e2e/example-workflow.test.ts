import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { have } from "../support/have.ts";

const example = fileURLToPath(new URL("../../examples/outbreak", import.meta.url));
const runFile = promisify(execFile);

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "nextstrain-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

describe.skipIf(!have("python3"))("the example's simulation (needs python3)", () => {
  test.each(["data/metadata.tsv", "data/sequences.fasta", "config/reference.gb"])(
    "run again, writes the same %s",
    async (name) => {
      const directory = await temporaryDirectory();
      await runFile("python3", [join(example, "scripts/simulate.py"), directory]);
      expect(await readFile(join(directory, name), "utf8")).toBe(await readFile(join(example, name), "utf8"));
    },
  );
});

interface TreeNode {
  readonly name: string;
  readonly node_attrs: {
    readonly division: { readonly value: string };
    readonly num_date: { readonly value: number };
  };
  readonly branch_attrs?: { readonly mutations?: Readonly<Record<string, readonly string[]>> };
  readonly children?: readonly TreeNode[];
}

interface Dataset {
  readonly meta: {
    readonly genome_annotations: Readonly<Record<string, unknown>>;
    readonly geo_resolutions: readonly {
      readonly key: string;
      readonly demes: Readonly<Record<string, unknown>>;
    }[];
    readonly colorings: readonly { readonly key: string }[];
  };
  readonly tree: TreeNode;
}

function nodesOf(node: TreeNode): TreeNode[] {
  return [node, ...(node.children ?? []).flatMap(nodesOf)];
}

const tools = ["snakemake", "augur", "mafft"].every(have) && (have("iqtree2") || have("iqtree"));

describe.skipIf(!tools)("the example by Snakemake alone (needs snakemake, augur, mafft, iqtree)", () => {
  test("goes from sequences to a dated, placed and coloured tree", { timeout: 600_000 }, async () => {
    const directory = join(await temporaryDirectory(), "outbreak");
    const notIts = new Set([".snakemake", "results", "auspice"].map((name) => join(example, name)));
    await cp(example, directory, { recursive: true, filter: (source) => !notIts.has(source) });
    await runFile("snakemake", ["--cores", "all"], { cwd: directory, maxBuffer: 64 << 20 });

    const dataset: Dataset = JSON.parse(await readFile(join(directory, "auspice/outbreak.json"), "utf8"));
    const nodes = nodesOf(dataset.tree);
    const tips = nodes.filter((node) => node.children === undefined);
    // Of 42 samples, one is too incomplete, and one is excluded.
    expect(tips).toHaveLength(40);
    expect(Object.keys(dataset.meta.genome_annotations)).toEqual(expect.arrayContaining(["nuc", "G", "L"]));
    expect(dataset.meta.colorings.map(({ key }) => key)).toContain("division");

    const placed = dataset.meta.geo_resolutions.find(({ key }) => key === "division")?.demes ?? {};
    expect(new Set(nodes.map((node) => node.node_attrs.division.value))).toEqual(
      new Set(Object.keys(placed)),
    );
    for (const tip of tips) {
      expect(Math.floor(tip.node_attrs.num_date.value)).toBe(Number(tip.name.split("/")[2]));
    }
    expect(nodes.flatMap((node) => node.branch_attrs?.mutations?.G ?? []).length).toBeGreaterThan(5);

    const { clock } = JSON.parse(await readFile(join(directory, "results/branch_lengths.json"), "utf8"));
    // The simulation's rate is 8e-3 a site and year, of which selection leaves about half.
    expect(clock.rate).toBeGreaterThan(0.003);
    expect(clock.rate).toBeLessThan(0.008);
  });
});
