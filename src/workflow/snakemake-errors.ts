import { plainLine } from "./snakemake-log.ts";

/** Why Snakemake, or another program in Python, gave up before it could run anything. */
export interface ProgramError {
  /** As Python names it: `MissingInputException`; `usage` for a command line that argparse refuses. */
  readonly name: string;
  readonly message: string;
  /** What it names line by line: files. */
  readonly affected: readonly string[];
  readonly rule?: string;
  /** Where in the workflow, as Snakemake names it. */
  readonly place?: { readonly file: string; readonly line: number };
}

/** `MissingInputException in rule all in file "Snakefile", line 1:`, `LockException:` (Snakemake 7 to 9). */
const HEAD =
  /^(\w+(?:Exception|Error))(?: in (?:rule|checkpoint) (\S+))?(?: in file "?(.+?)"?, line (\d+))?:$/;
/** The first line after what an error says. */
const END_OF_BODY = /^$|^Wildcards:|^Traceback|^ {2}File "|^\+ /;
const LONGEST_BODY = 12;
/** Snakemake 9 says so where rules have failed. */
const OF_RULES = /^At least one job did not complete successfully/;

const TRACEBACK = /^Traceback \(most recent call last\):$/;
const FRAME = /^ *File "(.+)", line (\d+)/;
/** The last line of a traceback. */
const RAISED = /^([A-Za-z_][\w.]*)(?:: (.*))?$/;
const WORKFLOW_FILE = /(?:^|\/)[Ss]nakefile[^/]*$|\.(?:smk|rules)$/;

/** The error that the last lines of a program's log show; undefined where they show none. */
export function readProgramError(log: readonly string[]): ProgramError | undefined {
  const lines = log.map(plainLine);
  return named(lines) ?? refusedUsage(lines) ?? raised(lines);
}

function named(lines: readonly string[]): ProgramError | undefined {
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const match = HEAD.exec(lines[at] ?? "");
    if (match === null) continue;
    const after = lines.slice(at + 1, at + 1 + LONGEST_BODY);
    const end = after.findIndex((line) => END_OF_BODY.test(line) || HEAD.test(line));
    const body = after.slice(0, end === -1 ? undefined : end).map((line) => line.trim());
    if (body.length === 0 || OF_RULES.test(body[0] ?? "")) continue;
    const [, name = "", rule, file, line] = match;
    const list = body.indexOf("affected files:");
    return {
      name,
      message: body.join(" ").replace(/^Error: /, ""),
      affected: list === -1 ? [] : body.slice(list + 1),
      ...(rule === undefined ? {} : { rule }),
      ...(file === undefined ? {} : { place: { file, line: Number(line) } }),
    };
  }
  return undefined;
}

/** `snakemake: error: unrecognized arguments: --x`, below the usage (argparse). */
function refusedUsage(lines: readonly string[]): ProgramError | undefined {
  const message = lines
    .map((line) => /^\S+: error: (.+)$/.exec(line)?.[1])
    .findLast((one) => one !== undefined);
  const isUsage = lines.some((line) => /^(?:usage: | {2,}\[)/.test(line));
  return message !== undefined && isUsage ? { name: "usage", message, affected: [] } : undefined;
}

/** Of a chain of tracebacks, the error that was raised in the workflow, else the last. */
function raised(lines: readonly string[]): ProgramError | undefined {
  let frame: ProgramError["place"];
  let isInside = false;
  let last: ProgramError | undefined;
  for (const line of lines) {
    if (TRACEBACK.test(line)) {
      isInside = true;
      frame = undefined;
      continue;
    }
    if (!isInside) continue;
    const [, file, number] = FRAME.exec(line) ?? [];
    if (file !== undefined) frame = { file, line: Number(number) };
    const [, name, message = ""] = RAISED.exec(line) ?? [];
    if (name === undefined) continue;
    isInside = false;
    const isOfWorkflow = frame !== undefined && WORKFLOW_FILE.test(frame.file);
    last = { name, message, affected: [], ...(isOfWorkflow && frame ? { place: frame } : {}) };
    if (isOfWorkflow) return last;
  }
  return last;
}
