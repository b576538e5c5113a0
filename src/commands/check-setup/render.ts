import type { Finding, Mark } from "../../checks/finding.ts";
import { withoutControls } from "../../cli/control-characters.ts";
import type { Io } from "../../cli/io.ts";

/** A runtime, and what was found of it. */
export interface CheckedRuntime {
  readonly name: string;
  readonly findings: readonly Finding[];
}

const SIGNS: Readonly<Record<Mark, string>> = { ok: "✔", wrong: "✘", caution: "⚑", unknown: "?" };

/** Select Graphic Rendition (ECMA-48 8.3.117): green, red, yellow, yellow. */
const COLOURS: Readonly<Record<Mark, number>> = { ok: 32, wrong: 31, caution: 33, unknown: 33 };

const WIDTH = 80;

/** Whether builds can be expected to work: nothing is known to be wrong, and something to be right. */
export function works({ findings }: CheckedRuntime): boolean {
  return !findings.some(({ mark }) => mark === "wrong") && findings.some(({ mark }) => mark === "ok");
}

/** A heading, a line or more for each finding, and one that sums up. */
export function reportRuntime(io: Pick<Io, "out" | "colours">, runtime: CheckedRuntime): void {
  io.out(`${runtime.name}:`);
  for (const finding of runtime.findings) reportFinding(io, finding);
  io.out(summaryOf(runtime));
}

/** What a finding says, behind its sign, and below it the next step. */
function reportFinding(io: Pick<Io, "out" | "colours">, { mark, says, mend }: Finding): void {
  const sign = io.colours ? `\u001B[${COLOURS[mark]}m${SIGNS[mark]}\u001B[39m` : SIGNS[mark];
  const [first = "", ...rest] = wrap(plain(says).replace(/\s+/g, " "), WIDTH - 4);
  io.out(`  ${sign} ${first}`, { hasColours: io.colours });
  for (const line of rest) io.out(`    ${line}`);
  for (const line of plain(mend ?? "")
    .split("\n")
    .filter((one) => one !== "")) {
    // An indented line is a command to be copied: it stays whole.
    const lines = line.startsWith(" ") ? [line.replace(/^ +/, "  ")] : wrap(line, WIDTH - 6);
    for (const one of lines) io.out(`      ${one}`);
  }
}

/** Names and reasons come from AWS, lines of logs from jobs. */
const plain = (text: string) => withoutControls(text, { keepColours: false });

/** `aws-batch works; 2 ⚑`, `aws-batch doesn't work: 1 ✘, 2 ⚑` */
function summaryOf(runtime: CheckedRuntime): string {
  const { name, findings } = runtime;
  const count = (mark: Mark) => findings.filter((finding) => finding.mark === mark).length;
  const counts = (["wrong", "caution", "unknown"] as const)
    .filter((mark) => count(mark) > 0)
    .map((mark) => `${count(mark)} ${SIGNS[mark]}`)
    .join(", ");
  if (count("wrong") > 0) return `${name} doesn't work: ${counts}`;
  if (!works(runtime)) return `Whether ${name} works can't be told: ${counts}`;
  return counts === "" ? `${name} works` : `${name} works (${counts})`;
}

/** The findings as JSON: what `--json` prints. */
export function reportAsJson(
  io: Pick<Io, "out">,
  checked: readonly CheckedRuntime[],
  { defaultSet }: { readonly defaultSet: string | undefined },
): void {
  const all = checked.map((runtime) => ({ ...runtime, works: works(runtime) }));
  io.out(JSON.stringify({ runtimes: all, defaultSet }, undefined, 2));
}

/** Breaks a text at blanks, so that lines have at most so many characters where words allow. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ +/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
