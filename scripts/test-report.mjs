// Reads what vitest's JSON reporter wrote, and counts.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { projectDirectory } from "./program.mjs";

/**
 * The parts of vitest's JSON report that count.
 * @typedef {{ ancestorTitles: string[], title: string, status: string }} TestOutcome
 * @typedef {{ name: string, status: string, assertionResults: TestOutcome[] }} FileOutcome
 * @typedef {{ testResults: FileOutcome[] }} Report
 */

/** @typedef {{ passed: number, failed: number, skipped: number, lines: string[] }} Summary */

/**
 * @param {string} path
 * @returns {Report} an empty one where vitest ended before it wrote any
 */
export function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return { testResults: [] };
  }
}

/**
 * Counts the outcomes, and lists what was skipped (the names say why). A file that fails without a failed test of its
 * own (it could not be loaded, a hook failed) counts as one failure.
 * @param {Report} report
 * @returns {Summary}
 */
export function summarize({ testResults }) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  /** @type {Map<string, number>} */
  const skipped = new Map();
  for (const { name, status, assertionResults } of testResults) {
    const ran = assertionResults.filter((test) => test.status === "passed" || test.status === "failed");
    const passed = ran.filter((test) => test.status === "passed").length;
    const failed = ran.length - passed;
    counts.passed += passed;
    counts.failed += failed === 0 && status === "failed" ? 1 : failed;
    for (const test of assertionResults) {
      if (ran.includes(test)) continue;
      counts.skipped++;
      const key = [relative(projectDirectory, name), ...skippedGroup(test, ran)].join(" › ");
      skipped.set(key, (skipped.get(key) ?? 0) + 1);
    }
  }
  const lines = [...skipped].map(([key, count]) => `  ${key}${count === 1 ? "" : ` (${count} tests)`}`);
  const heading = [`Tests that ran: ${counts.passed + counts.failed}.`];
  if (lines.length > 0) heading.push(`Skipped, for the reason in the name: ${counts.skipped}.`);
  return { ...counts, lines: ["", heading.join(" "), ...lines, ""] };
}

/**
 * The titles of the outermost group around a test of which nothing ran; else the test's own titles.
 * @param {TestOutcome} test
 * @param {TestOutcome[]} ran
 */
function skippedGroup({ ancestorTitles, title }, ran) {
  for (let depth = 1; depth <= ancestorTitles.length; depth++) {
    const group = ancestorTitles.slice(0, depth);
    if (!ran.some((other) => group.every((name, at) => other.ancestorTitles[at] === name))) return group;
  }
  return [...ancestorTitles, title];
}

/**
 * The last line of the test command, in a form that scripts may read.
 * @param {Pick<Summary, "passed" | "failed" | "skipped">} counts
 */
export function countLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
