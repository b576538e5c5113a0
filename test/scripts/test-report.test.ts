import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { countLine, readReport, summarize } from "../../scripts/test-report.mjs";

const outcome = (status: string, title: string, ...ancestorTitles: string[]) => ({
  status,
  title,
  ancestorTitles,
});
const file = (name: string, ...assertionResults: ReturnType<typeof outcome>[]) => ({
  name: resolve(name),
  status: assertionResults.some(({ status }) => status === "failed") ? "failed" : "passed",
  assertionResults,
});

test("the last line counts what passed, failed, and did not run", () => {
  const one = file("a.test.ts", outcome("passed", "x"), outcome("failed", "y"), outcome("todo", "z"));
  const two = file("b.test.ts", outcome("skipped", "x"), outcome("pending", "y"));
  expect(countLine(summarize({ testResults: [one, two] }))).toBe("1 passed, 1 failed, 3 skipped");
});

test("a file that cannot be loaded is a failure", () => {
  const broken = { ...file("a.test.ts"), status: "failed" };
  expect(countLine(summarize({ testResults: [broken] }))).toBe("0 passed, 1 failed, 0 skipped");
});

test("a group that was skipped is listed once, under its name, which says why", () => {
  const skipped = file(
    "test/e2e/zip.test.ts",
    outcome("skipped", "one", "archives (needs zip)"),
    outcome("skipped", "two", "archives (needs zip)"),
  );
  expect(summarize({ testResults: [skipped] }).lines).toContain(
    "  test/e2e/zip.test.ts › archives (needs zip) (2 tests)",
  );
});

test("a group in a group that was skipped is not listed by itself", () => {
  const nested = file(
    "a.test.ts",
    outcome("skipped", "one", "archives (needs zip)"),
    outcome("skipped", "two", "archives (needs zip)", "inner"),
  );
  expect(summarize({ testResults: [nested] }).lines).toContain(
    "  a.test.ts › archives (needs zip) (2 tests)",
  );
});

test("a test that was skipped on its own is listed by its own name", () => {
  const mixed = file(
    "a.test.ts",
    outcome("passed", "one", "group"),
    outcome("skipped", "two (needs aws)", "group"),
  );
  expect(summarize({ testResults: [mixed] }).lines).toContain("  a.test.ts › group › two (needs aws)");
});

test("no report counts as no tests", () => {
  const directory = mkdtempSync(join(tmpdir(), "nextstrain-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  expect(countLine(summarize(readReport(join(directory, "report.json"))))).toBe(
    "0 passed, 0 failed, 0 skipped",
  );
});
