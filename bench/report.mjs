// The report of a log with 10,000 rules: its size, and how long Chromium takes to open it, against an empty page.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { median } from "./tool.mjs";

export const name = "report";

const RULES = 10_000;
const ROUNDS = 5;
const CHROMIUM = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
/** Notes when all is loaded and laid out: milliseconds since the browser began to open the page. */
const NOTE =
  '<script>addEventListener("load",()=>{document.body.getBoundingClientRect();document.body.dataset.opened=performance.now()})</script>';

/** @returns {Promise<string[]>} */
export async function run() {
  const worker = await bundle("bench/report-worker.ts");
  const scratch = mkdtempSync(join(tmpdir(), "nextstrain-bench-"));
  try {
    const file = join(scratch, "report.html");
    const made = JSON.parse(
      execFileSync(process.execPath, [worker, file, String(RULES)], { encoding: "utf8" }),
    );
    const size = `${made.rules} rules: ${(made.bytes / 1e6).toFixed(1)} MB (at most 5), made in ${made.milliseconds.toFixed(0)} ms`;
    const empty = join(scratch, "empty.html");
    writeFileSync(empty, "<!doctype html><title>empty</title><body>");
    let count = 0;
    /** @type {(page: string, ...options: string[]) => string} */
    const browse = (page, ...options) =>
      execFileSync(
        "chromium",
        [...CHROMIUM, `--user-data-dir=${join(scratch, `profile-${++count}`)}`, ...options, `file://${page}`],
        { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 2 ** 26 },
      );
    const noted = join(scratch, "noted.html");
    writeFileSync(noted, readFileSync(file, "utf8").replace("</body>", `${NOTE}</body>`));
    const opened = () => Number(/data-opened="([\d.]+)"/.exec(browse(noted, "--dump-dom"))?.[1]);
    /** @type {(page: string) => number} */
    const pictured = (page) => {
      const before = performance.now();
      browse(page, "--window-size=1200,1400", `--screenshot=${join(scratch, "picture.png")}`);
      return performance.now() - before;
    };
    try {
      browse(empty, "--dump-dom");
    } catch {
      return [size, "how long it takes to open needs chromium"];
    }
    const rounds = Array.from({ length: ROUNDS }, () => ({
      ...{ opened: opened(), report: pictured(file), empty: pictured(empty) },
    }));
    const [report, plain] = [
      median(rounds.map((each) => each.report)),
      median(rounds.map((each) => each.empty)),
    ];
    return [
      size,
      `loaded and laid out in ${median(rounds.map((each) => each.opened)).toFixed(0)} ms (at most 2,000)`,
      `a picture of it takes ${(report / plain).toFixed(2)}× that of an empty page (${report.toFixed(0)} ms, ${plain.toFixed(0)} ms)`,
    ];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
