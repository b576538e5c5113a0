import { expect, test } from "vitest";
import { conflictName, foldedName, ruleOnName } from "./names.ts";
import { runId } from "./test-support.ts";

test.each([
  ["tree.json", "tree.from-job-0f8fad5b.json"],
  ["d.ir/tree", "d.ir/tree.from-job-0f8fad5b"],
  ["a.tar.gz", "a.tar.from-job-0f8fad5b.gz"],
  [".hidden", ".hidden.from-job-0f8fad5b"],
  [".hidden.txt", ".hidden.from-job-0f8fad5b.txt"],
  ["dot.", "dot.from-job-0f8fad5b."],
])("the job's %s goes beside as %s", (path, beside) => {
  expect(conflictName(path, runId)).toBe(beside);
});

test("later attempts are numbered, and long names are cut between characters", () => {
  expect(conflictName("a.txt", runId, 2)).toBe("a.from-job-0f8fad5b-2.txt");
  const long = conflictName(`d/${"é".repeat(125)}.json`, runId);
  expect(Buffer.byteLength(long.slice(2))).toBeLessThanOrEqual(255);
  expect(long).toMatch(/^d\/é+\.from-job-0f8fad5b\.json$/);
});

test.each([
  "/etc/passwd",
  "../x",
  "a/../../x",
  "a/..",
  "..",
  ".",
  "a//b",
  "./a",
  "",
  "a\0b",
  `${"x".repeat(256)}`,
  `${"d/".repeat(2100)}x`,
  ".GIT/hooks/post-checkout",
  "d/.g\u200cit/config",
  "GIT~1/config",
  "../augur/../../x",
])("the name %j is refused", (path) => {
  expect(ruleOnName(path)).toHaveProperty("refuse");
});

test.each(["Icon\r", "a\nb", "a\u001b[31m", "a\u009b31m", "a\u202eb"])("the name %j is taken", (path) => {
  expect(ruleOnName(path)).toBe("take");
});

test.each([
  ".git/config",
  "sub/.git",
  ".snakemake",
  ".snakemake/locks/0.lock",
  "phylogenetic/.snakemake/conda/x/y",
  "a.pyc",
  "m/__pycache__/a.txt",
  "d/.nextstrain-tmp-123-x",
  "../augur/augur/__init__.py",
  "../fauna",
])("the name %s is passed over", (path) => {
  expect(ruleOnName(path)).toBe("drop");
});

test.each([
  "a..b",
  "...",
  "a\\b",
  ".gitignore",
  ".snakemake/log/1.log",
  "d/.snakemake/metadata/abc",
  ".snakemake/storage/s3/x",
  "é/日本.json",
  " leading and trailing ",
])("the name %s is taken", (path) => {
  expect(ruleOnName(path)).toBe("take");
});

test("names that differ in case or Unicode form fall together", () => {
  expect(foldedName("D/É.txt")).toBe(foldedName("d/e\u0301.TXT"));
  expect(foldedName("a")).not.toBe(foldedName("b"));
});
