import { readFileSync } from "node:fs";
import { type Case, ended, failed } from "./testing.ts";

const FILE = '"/nextstrain/build/Snakefile"';
const BUILDING = "Building DAG of jobs...";
const AT_7 = '  File "/nextstrain/build/Snakefile", line 1, in <module>';

/** A log of Snakemake's, between the lines of the entrypoint. */
const log = (...lines: readonly string[]) =>
  ended(1, {
    logEnd: [
      "  inflating: Snakefile",
      "+ env --chdir /nextstrain/build -- snakemake --cores=all",
      ...lines,
      "+ zip -u /nextstrain/build.zip -r . --exclude '.snakemake/*'",
      "+ exit 1",
    ],
  });

const syntaxError9 = readFileSync(
  new URL("../../workflow/fixtures/snakemake-9-syntax-error.log", import.meta.url),
  "utf8",
);

/** Jobs whose program could not begin, in the words of Snakemake 7 and 9, Python and others. */
export const programFailures: readonly Case[] = [
  [
    "workflow-inputs-missing",
    "7",
    log(
      BUILDING,
      "MissingInputException in rule all in file /nextstrain/build/Snakefile, line 1:",
      "Missing input files for rule all:",
      "    affected files:",
      "        missing.txt",
    ),
  ],
  [
    "workflow-inputs-missing",
    "9, with wildcards",
    log(
      "host: vm",
      BUILDING,
      `MissingInputException in rule align in file ${FILE}, line 4:`,
      "Missing input files for rule align:",
      "    output: results/a.fasta",
      "    wildcards: name=a",
      "    affected files:",
      "        data/a.fasta",
      "        data/b.fasta",
    ),
  ],
  [
    "workflow-target-unknown",
    "7 and 9",
    log(
      BUILDING,
      "MissingRuleException:",
      "No rule to produce results/none (if you use input functions make sure that they don't raise unexpected exceptions).",
    ),
  ],
  [
    "workflow-config-missing",
    "7",
    log(
      "WorkflowError in file /nextstrain/build/Snakefile, line 1:",
      "Workflow defines configfile config.yaml but it is not present or accessible.",
      AT_7,
    ),
  ],
  [
    "workflow-config-missing",
    "9",
    log(
      `WorkflowError in file ${FILE}, line 1:`,
      "Workflow defines configfile config.yaml but it is not present or accessible (full checked path: /nextstrain/build/config.yaml).",
    ),
  ],
  [
    "workflow-config-broken",
    "7 and 9",
    log(
      `WorkflowError in file ${FILE}, line 1:`,
      "Config file is not valid JSON or YAML. In case of YAML, make sure to not mix whitespace and tab indentation.",
      AT_7,
    ),
  ],
  [
    "workflow-locked",
    "7",
    log(
      BUILDING,
      "LockException:",
      "Error: Directory cannot be locked. Please make sure that no other Snakemake process is trying to create the same files in the following directory:",
      "/nextstrain/build",
    ),
  ],
  [
    "command-line-refused",
    "7",
    log(
      "usage: snakemake [-h] [--dry-run] [--profile PROFILE]",
      "                 [target ...]",
      "snakemake: error: unrecognized arguments: --no-such-option",
    ),
  ],
  [
    "command-line-refused",
    "9, the end of a long usage",
    log(
      "                   [--scheduler-ilp-solver VALUE]",
      "                   [targets ...]",
      "__main__.py: error: unrecognized arguments: --no-such-option",
    ),
  ],
  [
    "workflow-broken",
    "a syntax error, 7",
    log(
      "SyntaxError in file /nextstrain/build/Snakefile, line 3:",
      "unterminated string literal (detected at line 6)",
    ),
  ],
  ["workflow-broken", "a syntax error, 9", log(...syntaxError9.split("\n"))],
  [
    "workflow-broken",
    "a name, 7",
    log("NameError in file /nextstrain/build/Snakefile, line 1:", "name 'nosuch' is not defined", AT_7),
  ],
  [
    "workflow-broken",
    "an input function, 7",
    log(
      BUILDING,
      "InputFunctionException in rule a in file /nextstrain/build/rules/a.smk, line 2:",
      "Error:",
      "  ValueError: bad thing",
      "Wildcards:",
      "",
      "Traceback:",
      '  File "/nextstrain/build/rules/a.smk", line 1, in f',
    ),
  ],
  [
    "workflow-broken",
    "an output that is not there, 7",
    log(
      "MissingOutputException in rule a in file /nextstrain/build/Snakefile, line 2:",
      "Job 0  completed successfully, but some output files are missing. Missing files after 5 seconds.",
    ),
  ],
  ["program-error", "without a place", log("NoRulesException:", "There has to be at least one rule.")],
  [
    "program-error",
    "a traceback of Python's",
    log(
      "Traceback (most recent call last):",
      '  File "/usr/lib/python3/dist-packages/snakemake/io.py", line 1503, in _load_configfile',
      '    obj = open(configpath_or_obj, encoding="utf-8")',
      "          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
      "FileNotFoundError: [Errno 2] No such file or directory: 'none.yaml'",
    ),
  ],
  ["program-failed", "words that nobody knows", log('Error: Snakefile "none.smk" not found.')],
  [
    "program-failed",
    "rules that failed somewhere else",
    log("WorkflowError:", "At least one job did not complete successfully."),
  ],
  ["program-failed", "no log", ended(3)],
  ["program-failed", "no reason at all", failed({ startedAt: undefined })],
];
