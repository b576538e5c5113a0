import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { outcome, rows, split } from "./testing-snakemake-arguments.ts";

/** Reads argument lists as JSON, answers what Snakemake's own parser makes of each. */
const JUDGE = `
import contextlib, io, json, sys
import snakemake
parser = snakemake.get_argument_parser()
def judge(args):
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return {k: v for k, v in vars(parser.parse_args(args)).items()}
    except SystemExit:
        return None
json.dump([judge(args) for args in json.load(sys.stdin)], sys.stdout, default=str)
`;
const PYTHON = "/usr/bin/python3";
const judgeable =
  spawnSync(PYTHON, ["-c", "import snakemake; snakemake.get_argument_parser"], { stdio: "ignore" }).status ===
  0;

describe.skipIf(!judgeable)("Snakemake's own parser (needs Snakemake 7 in /usr/bin/python3)", () => {
  type Parsed = Record<string, unknown> | null;
  const parse = (lists: string[][]): Parsed[] =>
    JSON.parse(spawnSync(PYTHON, ["-c", JUDGE], { input: JSON.stringify(lists), encoding: "utf8" }).stdout);
  const merged = judgeable ? parse(rows.map((row) => outcome(row).args)) : [];
  const alone = judgeable ? parse(rows.map((row) => split(row.user))) : [];

  test.each(rows.map((row, index) => ({ ...row, index })))("agrees about $user", (row) => {
    const parsed = merged[row.index];
    if (row.cores === "error") {
      expect([parsed, alone[row.index]]).toEqual([null, null]);
      return;
    }
    expect(parsed).toMatchObject({ printshellcmds: true, rerun_incomplete: true });
    const cores = parsed?.cores ?? parsed?.jobs;
    if (row.cores === "*") expect(Number(cores)).toBeGreaterThan(0);
    else expect(cores).toBe(row.cores);
    expect(parsed?.resources ?? []).toEqual(row.resources ?? []);
    expect(parsed?.target).toEqual(row.targets ?? []);
    const ignored = { printshellcmds: 0, rerun_incomplete: 0, cores: 0, jobs: 0, resources: 0 };
    expect({ ...parsed, ...ignored }).toEqual({ ...alone[row.index], ...ignored });
  });
});
