import { mkdir, rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const RULE = 'rule made:\n    output: "made.txt"\n    shell: "echo made > {output}"\n';

interface Failing {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly why: RegExp;
}

const workflows: readonly Failing[] = [
  {
    name: "a syntax error",
    files: { Snakefile: `rule\n${RULE}` },
    why: /an error in “Snakefile”, line [12]: “SyntaxError: /,
  },
  {
    name: "a missing input",
    files: { Snakefile: `rule all:\n    input: "missing.txt"\n` },
    why: /^The rule all of the workflow needs files that are not there, .*: “missing\.txt”\.$/,
  },
  {
    name: "a missing config file",
    files: { Snakefile: `configfile: "config.yaml"\n${RULE}` },
    why: /^The workflow's config file is not there: “config\.yaml”\.$/,
  },
  {
    name: "a broken config file",
    files: { Snakefile: `configfile: "config.yaml"\n${RULE}`, "config.yaml": "a: b: c\n\t- x\n" },
    why: /^A config file of the workflow is neither valid YAML nor JSON/,
  },
  {
    name: "an unknown option",
    files: { Snakefile: RULE },
    args: ["--no-such-option"],
    why: /^The program snakemake refused its command line: “unrecognized arguments: --no-such-option”\.$/,
  },
  {
    name: "an unknown target",
    files: { Snakefile: RULE },
    args: ["none.txt"],
    why: /^No rule of the workflow makes what it was asked for; .*none\.txt/,
  },
  {
    name: "a traceback",
    files: { Snakefile: RULE },
    args: ["--configfile", "none.yaml"],
    why: /^The program snakemake ended with an error: “.*none\.yaml/,
  },
  {
    name: "a lock left behind",
    files: {
      Snakefile: `import os\nos.makedirs(".snakemake/locks", exist_ok=True)\nopen(".snakemake/locks/0.output.lock", "w").write("made.txt\\n")\n${RULE}`,
    },
    why: /^Snakemake found the directory locked/,
  },
  {
    name: "words that nobody knows",
    files: { Snakefile: `import sys\nsys.stderr.write("this is the end\\n")\nimport os; os._exit(5)\n` },
    why: /^The program snakemake ended with exit status 5\.$/,
  },
];

const tools = ["snakemake", "zip", "unzip"];

describe.skipIf(!tools.every(have))("workflows that can't begin (needs snakemake, zip and unzip)", () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await workplace();
  });
  afterAll(() => place[Symbol.asyncDispose]());

  test.each(workflows)("$name is told of", async ({ files, args = [], why }) => {
    await rm(place.directory, { recursive: true });
    await mkdir(place.directory);
    for (const [path, content] of Object.entries(files)) await place.write(path, content);
    const { stderr, exitStatus } = await place.run(
      ...["build", "--aws-batch", "--local-aws", place.directory, ...args],
    );
    expect(exitStatus).toBeGreaterThan(0);
    expect(/^Why the job failed: (.*)$/m.exec(stderr)?.[1]).toMatch(why);
    expect(stderr).toMatch(/^What to do: /m);
  });
});
