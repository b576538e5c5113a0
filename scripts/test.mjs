// `npm test`: installs what the tests are judged by, builds, runs every test, and says what was skipped and why.
// Arguments go to vitest: `npm test -- --project unit`, `npm test -- archive`.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt, projectDirectory, run } from "./program.mjs";
import { countLine, readReport, summarize } from "./test-report.mjs";
import { ensureTools } from "./workflow-tools.mjs";

/** @returns {Promise<number>} the exit status */
async function test() {
  // What cannot be installed makes tests skip, and the end of the output says so.
  await ensureTools({ forTests: true });
  if (!(await ensureBuilt())) return 1;

  const report = join("test", "output", "report.json");
  rmSync(join(projectDirectory, report), { force: true });
  const vitest = join("node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const status = await run(process.execPath, [vitest, "run", ...reporters, ...process.argv.slice(2)], {
    cwd: projectDirectory,
  });
  const summary = summarize(readReport(join(projectDirectory, report)));
  for (const line of summary.lines) console.log(line);
  console.log(countLine(summary));
  if (status !== 0) return status;
  return summary.failed > 0 || summary.passed === 0 ? 1 : 0;
}

process.exitCode = await test();
