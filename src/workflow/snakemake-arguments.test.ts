import { describe, expect, test } from "vitest";
import { snakemakeArguments } from "./snakemake-arguments.ts";
import { outcome, plain, rows, split } from "./testing-snakemake-arguments.ts";

describe.each(rows)("snakemake $user", (row) => {
  test("gets the arguments it should, and the user a warning where theirs win", () => {
    const { args, warnings } = outcome(row);
    expect(args).toEqual(split(row.args));
    expect(warnings).toHaveLength(row.warnings?.length ?? 0);
    row.warnings?.forEach((part, index) => {
      expect(warnings[index]).toContain(part);
    });
  });
});

test("--benchmark-extended is added where the job's Snakemake has it", () => {
  expect(snakemakeArguments([], { ...plain, benchmarkExtended: true }).args).toContain(
    "--benchmark-extended",
  );
});

test("without a default, no cores are added", () => {
  expect(snakemakeArguments(["-n"], { ...plain, defaultCores: false }).args).toEqual([
    "--printshellcmds",
    "--rerun-incomplete",
    "-n",
  ]);
});

test("memory is in whole MiB, rounded down", () => {
  const { args } = snakemakeArguments([], { ...plain, memoryBytes: 8e9 });
  expect(args).toContain("--resources=mem_mb=7629");
});

test("a value with blanks is a value, unless it begins with an option", () => {
  expect(snakemakeArguments(["--config", "title=a -j 8"], plain).args).toContain("--cores=all");
  expect(snakemakeArguments(["-j 8"], plain).args).not.toContain("--cores=all");
});
