import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createJobLogReader } from "./log-reader.ts";
import { ARCHIVE } from "./testing.ts";

function read(lines: readonly string[], fromStart = true) {
  const reader = createJobLogReader({ archive: ARCHIVE, fromStart });
  reader.push(lines);
  return reader.seen();
}

const FETCH = `+ aws s3 cp --no-progress ${ARCHIVE} /nextstrain/build.zip`;
const UNZIP = "+ unzip -: -o /nextstrain/build.zip";
const RUN = "+ env --chdir /nextstrain/build -- snakemake --cores=all";
const ZIP = "+ zip -u /nextstrain/build.zip -r . --exclude '.snakemake/*'";
const STORE = `+ aws s3 cp --no-progress --endpoint-url=http://x:1 /nextstrain/build.zip ${ARCHIVE}`;

test("the entrypoint's traces tell what it was at", () => {
  const steps = [FETCH, UNZIP, RUN, ZIP, STORE, "+ exit 3"];
  expect(read([]).step).toBe("variables");
  expect(steps.map((_, at) => read(steps.slice(0, at + 1)).step)).toEqual([
    "fetching the directory",
    "unpacking the directory",
    "running the program",
    "packing the results",
    "storing the results",
    "over",
  ]);
});

test("what the program itself copies is not the entrypoint's doing", () => {
  const own = "+ aws s3 cp s3://mine/data.tsv data.tsv";
  expect(read([FETCH, UNZIP, RUN, own]).step).toBe("running the program");
});

test("where the log is read from its end alone, the program is what it shows", () => {
  expect(read(["line 9", "line 10"], false).step).toBe("running the program");
});

test("of a progress bar, its last state is kept: another line may follow it directly", () => {
  expect(read([RUN, "50%\r100%\rMemoryError"]).logEnd).toEqual([RUN, "MemoryError"]);
});

test("what zip and unzip say of each file leaves room for what the program said last", () => {
  const files = Array.from({ length: 1_000 }, (_, index) => `  adding: results/${index}.txt (stored 0%)`);
  const { logEnd } = read([
    FETCH,
    UNZIP,
    "  inflating: Snakefile",
    RUN,
    "  adding: mine",
    "why",
    ZIP,
    ...files,
  ]);
  expect(logEnd).toEqual([FETCH, UNZIP, RUN, "  adding: mine", "why", ZIP]);
});

test("only the end is kept, of each line as well; the rules that failed are kept from anywhere", () => {
  const failing = readFileSync(
    new URL("../../workflow/fixtures/snakemake-7-fails.log", import.meta.url),
    "utf8",
  );
  const seen = read([RUN, ...failing.split("\n"), ...Array(1_000).fill("x".repeat(10_000)), "last\nof all"]);
  expect(seen.failedRules).toEqual([{ rule: "tree", logs: ["logs/tree.txt"] }]);
  expect(seen.logEnd).toHaveLength(200);
  expect(seen.logEnd.slice(-2)).toEqual(["last", "of all"]);
  expect(seen.logEnd[0]).toHaveLength(2_000);
  expect(seen.step).toBe("running the program");
});
