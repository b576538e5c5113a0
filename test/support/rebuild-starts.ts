// Where a rebuild can begin, and what it can be asked for: a small workflow of three rules, in → a → b → c, and d beside it.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Directory, directoryAt } from "./rebuild-edits.ts";
import { build, copyAsIs } from "./rebuilds.ts";
import { jobIdOf, runTool, startTool, type ToolResult } from "./run-tool.ts";
import type { Workplace } from "./workplace.ts";

const LARGE = `${"0123456789".repeat(10_000)}\n`;
/** While there is a file `hang`, rule b stops half-way, and fails once it is gone; while there is one called `fail`, it fails. */
const SNAKEFILE = `configfile: "config.yaml"
rule all:
    input: "c.txt"
rule a:
    input: "in.txt"
    output: "a.txt"
    params: value=config["value"]
    shell: "(head -c 5 {input}; echo a {params.value}) > {output}"
rule b:
    input: "a.txt"
    output: "b.txt"
    params: n=1
    shell:
        "echo half > {output}; [ ! -e fail ]; "
        "if [ -e hang ]; then while [ -e hang ]; do sleep 0.1; done; exit 1; fi; "
        "cat {input} - <<< {params.n} > {output}"
rule c:
    input: "b.txt"
    output: "c.txt"
    shell: "cat {input} > {output}"
rule d:
    input: "a.txt"
    output: "d.txt"
    shell: "cat {input} > {output}"
`;
const NOTEBOOK = JSON.stringify({
  ...{ nbformat: 4, nbformat_minor: 5, metadata: {} },
  cells: [{ cell_type: "code", id: "a", source: "one", metadata: {}, outputs: [], execution_count: null }],
});
/** Kills Snakemake, its own child, while rule b is half done. */
const KILLED = `touch hang; snakemake --cores=1 & killed=$!
until [ -s b.txt ]; do sleep 0.1; done
kill -9 $killed; rm hang; wait $killed; exit 137`;

/** What starts are made with: directories by name, and builds that are expected to end with a status. */
export interface Kit {
  /** Makes a directory with the workflow. */
  fresh(name: string): Promise<string>;
  copy(from: string, name: string): Promise<string>;
  batch(directory: string, how?: How): Promise<ToolResult>;
  here(directory: string, how?: How): Promise<ToolResult>;
  /** Brings a job's results into a directory, as another computer would. */
  elsewhere(jobId: string, directory: string): Promise<void>;
  /** Cancels a job of which rule b is running. */
  cancelled(directory: string): Promise<void>;
  /** The options of `--docker`; undefined where no engine works. */
  readonly docker: readonly string[] | undefined;
}

export interface How {
  readonly options?: readonly string[];
  readonly args?: readonly string[];
  /** Exit status. Default 0. */
  readonly ends?: number;
}

/** A rebuild, tried here and on AWS Batch. */
export interface Rebuild {
  readonly name: string;
  /** Makes the directory that the rebuild begins with. Default: one that was built on AWS Batch. */
  readonly start?: (kit: Kit) => Promise<string>;
  readonly edit?: (directory: Directory) => void;
  /** After the directory. */
  readonly args?: readonly string[];
  /** Before it, on AWS Batch. */
  readonly options?: readonly string[];
  /** What is done and asked for here to have the same. */
  readonly here?: { readonly edit?: (directory: Directory) => void; readonly args?: readonly string[] };
  /** The rules that run, sorted, with Snakemake 7.21. */
  readonly runs: readonly string[];
  readonly needsEngine?: boolean;
}

const changeB = ({ replace }: Directory) => replace("n=1", "n=2");
const changeIn = ({ write }: Directory) => write("in.txt", `other ${LARGE}`);
const built = async (kit: Kit, options: readonly string[] = []) => {
  const directory = await kit.fresh("built");
  await kit.batch(directory, { options });
  return directory;
};

export const rebuilds: readonly Rebuild[] = [
  { name: "nothing was changed", runs: [] },
  { name: "with --config", args: ["--config", "value=2"], runs: ["a", "b", "c"] },
  {
    name: "with --configfile",
    edit: ({ write }) => write("other.yaml", "value: 3\n"),
    args: ["--configfile", "other.yaml"],
    runs: ["a", "b", "c"],
  },
  { name: "with a new target", args: ["d.txt"], runs: ["d"] },
  { name: "with --forcerun", args: ["--forcerun", "b"], runs: ["b", "c"] },
  {
    name: "with --touch after an input was touched",
    edit: ({ touch }) => touch("in.txt"),
    args: ["--touch"],
    runs: ["a", "b", "c"],
  },
  { name: "with --rerun-triggers mtime", edit: changeB, args: ["--rerun-triggers", "mtime"], runs: [] },
  { name: "with --until", edit: changeIn, args: ["--until", "b"], runs: ["a", "b"] },
  {
    name: "with --exclude-from-upload of an intermediate",
    options: ["--exclude-from-upload", "b.txt"],
    here: { edit: ({ remove }) => remove("b.txt") },
    runs: [],
  },
  {
    name: "with --exclude-from-upload of an intermediate that is out of date",
    edit: changeB,
    options: ["--exclude-from-upload", "b.txt"],
    here: { edit: ({ remove }) => remove("b.txt") },
    runs: ["b", "c"],
  },
  {
    name: "with --exclude-from-upload '.snakemake/**', which has times alone decide",
    edit: changeB,
    options: ["--exclude-from-upload", ".snakemake/**"],
    here: { args: ["--rerun-triggers", "mtime"] },
    runs: [],
  },
  {
    // Only looked at: Debian has no papermill to run one with.
    name: "a notebook was changed, by --dry-run",
    async start(kit) {
      const directory = await kit.fresh("notebook");
      const { write, replace } = directoryAt(directory);
      replace("rule a:", 'rule n:\n    output: "n.txt"\n    notebook: "n.ipynb"\nrule a:');
      write("n.ipynb", NOTEBOOK);
      write("n.txt", "made\n");
      await kit.here(directory, { args: ["--touch", "n.txt"] });
      return directory;
    },
    edit: ({ replace }) => replace("one", "two", "n.ipynb"),
    args: ["--dry-run", "n.txt"],
    runs: ["n"],
  },
  {
    name: "a run here was killed in a rule",
    async start(kit) {
      const directory = await kit.fresh("killed-here");
      await kit.here(directory, { options: ["--exec", "bash"], args: ["-c", KILLED], ends: 137 });
      await kit.here(directory, { args: ["--unlock"] });
      return directory;
    },
    runs: ["b", "c"],
  },
  {
    name: "a run here was killed in a rule that had run before",
    async start(kit) {
      const directory = await kit.copy(await built(kit), "killed-again");
      changeB(directoryAt(directory));
      directoryAt(directory).remove("b.txt");
      await kit.here(directory, { options: ["--exec", "bash"], args: ["-c", KILLED], ends: 137 });
      await kit.here(directory, { args: ["--unlock"] });
      return directory;
    },
    runs: ["b", "c"],
  },
  {
    name: "a job was killed in a rule",
    async start(kit) {
      const directory = await kit.fresh("killed-there");
      await kit.batch(directory, { options: ["--exec", "bash"], args: ["-c", KILLED], ends: 137 });
      return directory;
    },
    runs: ["b", "c"],
  },
  {
    name: "a job was killed in a rule that had run before",
    async start(kit) {
      const directory = await kit.copy(await built(kit), "killed-there-again");
      directoryAt(directory).remove("b.txt");
      await kit.batch(directory, {
        options: ["--exec", "bash"],
        args: ["-c", KILLED.replace("--cores=1", "--cores=1 --forcerun b")],
        ends: 137,
      });
      return directory;
    },
    runs: ["b", "c"],
  },
  {
    name: "a job was cancelled",
    async start(kit) {
      const directory = await kit.fresh("cancelled");
      await kit.cancelled(directory);
      directoryAt(directory).remove("hang");
      return directory;
    },
    runs: ["b", "c"],
  },
  {
    name: "a job failed in one of three rules",
    async start(kit) {
      const directory = await kit.fresh("failed");
      directoryAt(directory).write("fail", "");
      await kit.batch(directory, { ends: 1 });
      directoryAt(directory).remove("fail");
      return directory;
    },
    runs: ["b", "c"],
  },
  {
    name: "a build here came between, and nothing was changed since",
    async start(kit) {
      const directory = await kit.copy(await built(kit), "between");
      changeB(directoryAt(directory));
      await kit.here(directory);
      return directory;
    },
    runs: [],
  },
  {
    name: "a build here came between, and a parameter was changed since",
    async start(kit) {
      const directory = await kit.copy(await built(kit), "between-changed");
      changeB(directoryAt(directory));
      await kit.here(directory);
      return directory;
    },
    edit: ({ replace }) => replace("n=2", "n=3"),
    runs: ["b", "c"],
  },
  {
    name: "a build with --docker came between",
    needsEngine: true,
    async start(kit) {
      const directory = await kit.copy(await built(kit), "between-docker");
      changeB(directoryAt(directory));
      await kit.here(directory, { options: kit.docker ?? [] });
      return directory;
    },
    edit: ({ replace }) => replace("value=config", "value=0, other=config"),
    runs: ["a", "b", "c"],
  },
  {
    name: "a build on AWS Batch came between two here",
    async start(kit) {
      const directory = await kit.fresh("batch-between");
      await kit.here(directory);
      changeB(directoryAt(directory));
      await kit.batch(directory);
      return directory;
    },
    runs: [],
  },
  {
    name: "an intermediate was left there by --exclude-from-download",
    start: (kit) => built(kit, ["--exclude-from-download", "b.txt"]),
    runs: [],
  },
  {
    name: "results were brought in part, by --download",
    start: (kit) => built(kit, ["--download", "c.txt"]),
    edit: ({ replace }) =>
      replace('input: "b.txt"\n    output: "c.txt"', 'input: "b.txt"\n    params: 1\n    output: "c.txt"'),
    runs: ["a", "b", "c"],
  },
  {
    name: "another computer attached, with nothing built there",
    async start(kit) {
      const there = await kit.fresh("attached");
      const { stdout } = await kit.batch(await kit.copy(there, "attached-from"));
      await kit.elsewhere(jobIdOf({ stdout }), there);
      return there;
    },
    runs: [],
  },
  {
    name: "another computer attached, with an older copy",
    async start(kit) {
      const there = await kit.copy(await built(kit), "older");
      const newer = await kit.copy(there, "newer");
      changeB(directoryAt(newer));
      const { stdout } = await kit.batch(newer);
      await kit.elsewhere(jobIdOf({ stdout }), there);
      return there;
    },
    runs: ["b", "c"],
  },
  {
    name: "in a second directory that is a copy (cp -a), changed",
    start: async (kit) => kit.copy(await kit.copy(await built(kit), "first"), "second"),
    edit: changeIn,
    runs: ["a", "b", "c"],
  },
];

/** A kit that works below a directory. Builds go through the workplace's local AWS. */
export function kitFor(place: Workplace, docker: readonly string[] | undefined): Kit {
  let count = 0;
  const named = (name: string) => join(place.directory, `${++count}-${name}`);
  const ending = async (run: Promise<ToolResult>, ends = 0) => {
    const result = await run;
    if (result.exitStatus === ends) return result;
    throw new Error(`it ended with ${result.exitStatus}:\n${result.stdout}${result.stderr}`);
  };
  const run = (directory: string, kind: readonly string[], { options = [], args = [], ends }: How) =>
    ending(build(directory, [...kind, ...options], { args, env: place.env }), ends);
  const onBatch = ["--aws-batch", "--local-aws"];
  return {
    docker,
    async fresh(name) {
      const directory = named(name);
      await mkdir(directory, { recursive: true });
      const { write } = directoryAt(directory);
      write("Snakefile", SNAKEFILE);
      write("config.yaml", "value: 1\n");
      write("in.txt", LARGE);
      return directory;
    },
    async copy(from, name) {
      const to = named(name);
      await copyAsIs(from, to);
      return to;
    },
    batch: (directory, how = {}) => run(directory, onBatch, how),
    here: (directory, how = {}) =>
      run(directory, how.options?.includes("--docker") ? [] : ["--ambient"], how),
    async elsewhere(jobId, directory) {
      const { stdout } = await place.run("local-aws", "env");
      const exports = stdout.matchAll(/^export (\w+)=(.*)$/gm);
      const home = named("home");
      const env = {
        ...place.env,
        ...{ HOME: home, NEXTSTRAIN_HOME: join(home, ".nextstrain") },
        ...Object.fromEntries([...exports].map(([, name, value]) => [name, value])),
      };
      await mkdir(home);
      const args = ["build", "--aws-batch", "--attach", jobId, directory];
      await ending(runTool(args, { env, cwd: home }));
    },
    async cancelled(directory) {
      directoryAt(directory).write("hang", "");
      const running = startTool(["build", ...onBatch, directory], { env: place.env, cwd: place.directory });
      await running.seen(/^\[batch\] .*rule b:$/m);
      const attach = ["build", ...onBatch, "--attach", jobIdOf(running.said()), "--cancel", directory];
      await ending(runTool(attach, { env: place.env, cwd: place.directory }));
      await running.ended;
    },
  };
}
