// Edits of a workflow, each with rules of its own, so that one build tries them all: what is edited, and which rules run then.
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** One edit. Its files and rules are called after `id`: `<id>_…`. */
export interface Edit {
  readonly id: string;
  /** As in "after <name>, …". */
  readonly name: string;
  /** What is to be built. */
  readonly wants: readonly string[];
  /** In the Snakefile. */
  readonly rules: string;
  /** Other files: content by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly edit?: (directory: Directory) => void;
  /** The rules that run afterwards, sorted, with Snakemake 7.21. */
  readonly runs: readonly string[];
}

/** A workflow's directory, to be edited. */
export interface Directory {
  /** Replaces text in a file; by default in the Snakefile. */
  replace(from: string, to: string, path?: string): void;
  write(path: string, content: string): void;
  remove(path: string): void;
  /** Seconds since 1970. */
  setTime(path: string, seconds: number): void;
  /** Gives a file the time of now. */
  touch(path: string): void;
}

/** So large that Snakemake takes no checksum of it. */
const LARGE = `${"0123456789".repeat(10_000)}\n`;
/** A second of the past. */
const SECOND = Math.floor(Date.now() / 1000) - 3600;

/** A rule `<id>_a` that makes `<id>_a.txt` from its parameter, and `<id>_c`, which copies it. */
const chain = (id: string, more = "") => `
rule ${id}_a:
    output: "${id}_a.txt"
    params: n=1
    ${more}
    shell: "echo ${id} {params.n} > {output}"
${copy(id)}`;
const copy = (id: string, input = `${id}_a.txt`, output = `${id}_c.txt`) => `
rule ${id}_c:
    input: ${JSON.stringify(input)}
    output: "${output}"
    shell: "cat {input} > {output}"
`;
/** Rules that are edited in the Snakefile are found by their id. */
const replaceParam =
  (id: string) =>
  ({ replace }: Directory) =>
    replace(
      `rule ${id}_a:\n    output: "${id}_a.txt"\n    params: n=1`,
      `rule ${id}_a:\n    output: "${id}_a.txt"\n    params: n=2`,
    );

export const edits: readonly Edit[] = [
  { id: "nothing", name: "nothing", wants: ["nothing_c.txt"], rules: chain("nothing"), runs: [] },
  {
    ...{ id: "param", name: "a parameter was changed", wants: ["param_c.txt"], rules: chain("param") },
    edit: replaceParam("param"),
    runs: ["param_a", "param_c"],
  },
  {
    ...{ id: "shell", name: "a shell command was changed", wants: ["shell_c.txt"], rules: chain("shell") },
    edit: ({ replace }) => replace("echo shell {params.n}", "echo changed {params.n}"),
    runs: ["shell_a", "shell_c"],
  },
  {
    ...{ id: "run", name: "a run: block was changed", wants: ["run_a.txt"] },
    rules: `
rule run_a:
    output: "run_a.txt"
    run:
        with open(output[0], "w") as file:
            file.write("run one")
`,
    edit: ({ replace }) => replace("run one", "run two"),
    runs: ["run_a"],
  },
  {
    ...{ id: "script", name: "a script: file was changed", wants: ["script_a.txt"] },
    rules: `
rule script_a:
    output: "script_a.txt"
    script: "script_a.py"
`,
    files: { "script_a.py": 'open(snakemake.output[0], "w").write("one")\n' },
    edit: ({ replace }) => replace("one", "two", "script_a.py"),
    runs: ["script_a"],
  },
  {
    ...{ id: "include", name: "a rule in an included file was changed", wants: ["include_c.txt"] },
    rules: 'include: "include.smk"\n',
    files: { "include.smk": chain("include") },
    edit: ({ replace }) => replace("echo include", "echo changed", "include.smk"),
    runs: ["include_a", "include_c"],
  },
  {
    ...{ id: "module", name: "a rule of a module was changed", wants: ["module_c.txt"] },
    rules: 'module other:\n    snakefile: "module.smk"\nuse rule * from other\n',
    files: { "module.smk": chain("module") },
    edit: ({ replace }) => replace("echo module", "echo changed", "module.smk"),
    runs: ["module_a", "module_c"],
  },
  {
    ...{ id: "more", name: "an input was added", wants: ["more_c.txt"], rules: copy("more", "more_1.txt") },
    files: { "more_1.txt": "one\n", "more_2.txt": "two\n" },
    edit: ({ replace }) => replace('input: "more_1.txt"', 'input: "more_1.txt", "more_2.txt"'),
    runs: ["more_c"],
  },
  {
    ...{ id: "fewer", name: "an input was taken away", wants: ["fewer_c.txt"] },
    rules: copy("fewer", "fewer_1.txt").replace('"fewer_1.txt"', '"fewer_1.txt", "fewer_2.txt"'),
    files: { "fewer_1.txt": "one\n", "fewer_2.txt": "two\n" },
    edit: ({ replace }) => replace('"fewer_1.txt", "fewer_2.txt"', '"fewer_1.txt"'),
    runs: ["fewer_c"],
  },
  {
    ...{ id: "order", name: "the order of inputs was changed", wants: ["order_c.txt"] },
    rules: copy("order", "order_1.txt").replace('"order_1.txt"', '"order_1.txt", "order_2.txt"'),
    files: { "order_1.txt": "one\n", "order_2.txt": "two\n" },
    edit: ({ replace }) => replace('"order_1.txt", "order_2.txt"', '"order_2.txt", "order_1.txt"'),
    runs: [],
  },
  {
    ...{ id: "touched", name: "a small input was touched", wants: ["touched_c.txt"] },
    rules: copy("touched"),
    files: { "touched_a.txt": "one\n" },
    edit: ({ touch }) => touch("touched_a.txt"),
    runs: [],
  },
  {
    ...{ id: "retouched", name: "a large input was touched", wants: ["retouched_c.txt"] },
    rules: copy("retouched"),
    files: { "retouched_a.txt": LARGE },
    edit: ({ touch }) => touch("retouched_a.txt"),
    runs: ["retouched_c"],
  },
  {
    ...{ id: "changed", name: "an input was changed", wants: ["changed_c.txt"], rules: copy("changed") },
    files: { "changed_a.txt": "one\n" },
    edit: ({ write }) => write("changed_a.txt", "two\n"),
    runs: ["changed_c"],
  },
  {
    ...{
      id: "within",
      name: "an input was changed within the second of its output",
      wants: ["within_c.txt"],
    },
    rules: copy("within"),
    files: { "within_a.txt": "one\n" },
    edit({ write, setTime }) {
      write("within_a.txt", "two\n");
      setTime("within_c.txt", SECOND + 0.25);
      setTime("within_a.txt", SECOND + 0.75);
    },
    runs: ["within_c"],
  },
  {
    ...{ id: "earlier", name: "an output was made within the second of its input", wants: ["earlier_c.txt"] },
    rules: copy("earlier"),
    files: { "earlier_a.txt": LARGE },
    edit({ setTime }) {
      setTime("earlier_a.txt", SECOND + 0.25);
      setTime("earlier_c.txt", SECOND + 0.75);
    },
    runs: [],
  },
  {
    ...{ id: "fresh", name: "an output was made within the second of its script", wants: ["fresh_a.txt"] },
    rules: '\nrule fresh_a:\n    output: "fresh_a.txt"\n    script: "fresh_a.py"\n',
    files: { "fresh_a.py": 'open(snakemake.output[0], "w").write("one")\n' },
    edit({ setTime }) {
      setTime("fresh_a.py", SECOND + 0.25);
      setTime("fresh_a.txt", SECOND + 0.75);
    },
    runs: [],
  },
  {
    ...{ id: "future", name: "an input is from the future", wants: ["future_c.txt"], rules: copy("future") },
    files: { "future_a.txt": LARGE },
    edit: ({ setTime }) => setTime("future_a.txt", SECOND + 1_000_000),
    runs: ["future_c"],
  },
  {
    ...{ id: "deleted", name: "an output was deleted", wants: ["deleted_c.txt"], rules: chain("deleted") },
    edit: ({ remove }) => remove("deleted_c.txt"),
    runs: ["deleted_c"],
  },
  {
    ...{
      id: "edited",
      name: "an output was edited by hand",
      wants: ["edited_c.txt"],
      rules: chain("edited"),
    },
    edit: ({ write }) => write("edited_c.txt", "mine\n"),
    runs: [],
  },
  {
    ...{
      id: "handmade",
      name: "an intermediate was edited by hand",
      wants: ["handmade_c.txt"],
      rules: chain("handmade"),
    },
    edit: ({ write }) => write("handmade_a.txt", "mine\n"),
    runs: ["handmade_c"],
  },
  {
    ...{ id: "gone", name: "an intermediate was deleted", wants: ["gone_c.txt"], rules: chain("gone") },
    edit: ({ remove }) => remove("gone_a.txt"),
    runs: [],
  },
  {
    ...{
      id: "gonestale",
      name: "a deleted intermediate's parameter was changed",
      wants: ["gonestale_c.txt"],
    },
    rules: chain("gonestale"),
    edit(directory) {
      directory.remove("gonestale_a.txt");
      replaceParam("gonestale")(directory);
    },
    runs: ["gonestale_a", "gonestale_c"],
  },
  {
    ...{ id: "temp", name: "a temp() output is not there", wants: ["temp_c.txt"] },
    rules: chain("temp").replace('output: "temp_a.txt"', 'output: temp("temp_a.txt")'),
    runs: [],
  },
  {
    ...{ id: "tempstale", name: "a temp() output's parameter was changed", wants: ["tempstale_c.txt"] },
    rules: chain("tempstale").replace('output: "tempstale_a.txt"', 'output: temp("tempstale_a.txt")'),
    edit: ({ replace }) =>
      replace('temp("tempstale_a.txt")\n    params: n=1', 'temp("tempstale_a.txt")\n    params: n=2'),
    runs: ["tempstale_a", "tempstale_c"],
  },
  {
    ...{ id: "protected", name: "a protected() output was used anew", wants: ["protected_c.txt"] },
    rules: chain("protected").replace('output: "protected_a.txt"', 'output: protected("protected_a.txt")'),
    edit: ({ replace }) =>
      replace(
        'input: "protected_a.txt"\n    output: "protected_c.txt"',
        'input: "protected_a.txt"\n    params: 1\n    output: "protected_c.txt"',
      ),
    runs: ["protected_c"],
  },
  {
    ...{ id: "dir", name: "a directory() output's input was changed", wants: ["dir_c.txt"] },
    rules: `
rule dir_a:
    input: "dir_in.txt"
    output: directory("dir_a")
    shell: "mkdir {output}; cp {input} {output}/x; touch {output}/y"
${copy("dir", "dir_a").replace("cat {input}", "cat {input}/*")}`,
    files: { "dir_in.txt": "one\n" },
    edit: ({ write }) => write("dir_in.txt", "two\n"),
    runs: ["dir_a", "dir_c"],
  },
  {
    ...{ id: "dirfile", name: "a file in a directory() output was touched", wants: ["dirfile_c.txt"] },
    rules: `
rule dirfile_a:
    output: directory("dirfile_a")
    shell: "mkdir {output}; echo > {output}/x"
${copy("dirfile", "dirfile_a").replace("cat {input}", "cat {input}/*")}`,
    edit: ({ touch }) => touch("dirfile_a/x"),
    runs: [],
  },
  {
    ...{ id: "folder", name: "an input is a directory of the user's", wants: ["folder_c.txt"] },
    rules: copy("folder", "folder_a").replace("cat {input}", "cat {input}/*"),
    files: { "folder_a/x": "one\n" },
    runs: [],
  },
  {
    ...{ id: "touch", name: "a touch() output's parameter was changed", wants: ["touch_c.txt"] },
    rules: `
rule touch_a:
    output: touch("touch_a.txt")
    params: n=1
${copy("touch")}`,
    edit: ({ replace }) =>
      replace('touch("touch_a.txt")\n    params: n=1', 'touch("touch_a.txt")\n    params: n=2'),
    runs: ["touch_a", "touch_c"],
  },
  {
    ...{ id: "check", name: "a checkpoint's input has one more line", wants: ["check_c.txt"] },
    rules: `
checkpoint check_a:
    input: "check_in.txt"
    output: directory("check_a")
    shell: "mkdir {output}; while read -r name; do echo $name > {output}/$name.txt; done < {input}"
rule check_b:
    input: "check_a/{name}.txt"
    output: "check_b/{name}.txt"
    shell: "cp {input} {output}"
def check_made(wildcards):
    directory = checkpoints.check_a.get().output[0]
    names = sorted(glob_wildcards(os.path.join(directory, "{name}.txt")).name)
    return expand("check_b/{name}.txt", name=names)
rule check_c:
    input: check_made
    output: "check_c.txt"
    shell: "cat {input} > {output}"
`,
    files: { "check_in.txt": "x\ny\n" },
    edit: ({ write }) => write("check_in.txt", "x\ny\nz\n"),
    runs: ["check_a", "check_b", "check_c"],
  },
  {
    ...{ id: "ancient", name: "an ancient() input was changed", wants: ["ancient_c.txt"] },
    rules: copy("ancient").replace('"ancient_a.txt"', 'ancient("ancient_a.txt")'),
    files: { "ancient_a.txt": LARGE },
    edit: ({ touch }) => touch("ancient_a.txt"),
    runs: [],
  },
  {
    ...{ id: "logs", name: "a log and a benchmark file were deleted", wants: ["logs_c.txt"] },
    rules: chain("logs", 'log: "logs/a.log"\n    benchmark: "logs/a.tsv"').replace(
      "> {output}",
      "> {output} 2> {log}",
    ),
    edit({ remove }) {
      remove("logs/a.log");
      remove("logs/a.tsv");
    },
    runs: [],
  },
  {
    ...{ id: "wild", name: "there is one more value of a wildcard", wants: [] },
    rules: `
rule wild_c:
    output: "wild/{value}.txt"
    shell: "echo {wildcards.value} > {output}"
WILD = expand("wild/{value}.txt", value=["x", "y"])
`,
    edit: ({ replace }) => replace('value=["x", "y"]', 'value=["x", "y", "z"]'),
    runs: ["wild_c"],
  },
  {
    ...{ id: "renamed", name: "a rule was renamed", wants: ["renamed_c.txt"], rules: chain("renamed") },
    edit: ({ replace }) => replace("rule renamed_a:", "rule renamed_b:"),
    runs: [],
  },
  {
    ...{ id: "output", name: "an output was renamed", wants: ["output_c.txt"], rules: chain("output") },
    edit({ replace }) {
      replace('output: "output_a.txt"', 'output: "output_b.txt"');
      replace('input: "output_a.txt"', 'input: "output_b.txt"');
    },
    runs: ["output_a", "output_c"],
  },
  {
    ...{ id: "config", name: "a value in the configfile was changed", wants: ["config_c.txt"] },
    rules: chain("config").replace("params: n=1", 'params: n=config["value"]'),
    edit: ({ write }) => write("config.yaml", "value: 2\n"),
    runs: ["config_a", "config_c"],
  },
  {
    ...{ id: "function", name: "what a params function returns was changed", wants: ["function_c.txt"] },
    rules: `FUNCTION = 1\n${chain("function").replace("n=1", "n=lambda wildcards: FUNCTION")}`,
    edit: ({ replace }) => replace("FUNCTION = 1", "FUNCTION = 2"),
    runs: ["function_a", "function_c"],
  },
  {
    ...{ id: "threads", name: "threads and resources were changed", wants: ["threads_c.txt"] },
    rules: chain("threads", "threads: 1"),
    edit: ({ replace }) => replace("threads: 1", "threads: 2\n    resources: mem_mb=10"),
    runs: [],
  },
  {
    ...{ id: "link", name: "an output is a link", wants: ["link_c.txt"] },
    rules: copy("link").replace("cat {input} > {output}", "ln -sf {input} {output}"),
    files: { "link_a.txt": LARGE },
    runs: [],
  },
  {
    ...{ id: "times", name: "an output has its input's time (cp -p)", wants: ["times_c.txt"] },
    rules: copy("times").replace("cat {input} >", "cp -p {input}"),
    files: { "times_a.txt": LARGE },
    runs: [],
  },
  {
    ...{ id: "same", name: "an input was changed, but not what is made of it", wants: ["same_c.txt"] },
    rules: `
rule same_b:
    input: "same_a.txt"
    output: "same_b.txt"
    shell: "head -c 3 {input} > {output}"
${copy("same", "same_b.txt")}`,
    files: { "same_a.txt": LARGE },
    edit: ({ write }) => write("same_a.txt", `${LARGE}more\n`),
    runs: ["same_b", "same_c"],
  },
  {
    ...{
      id: "name",
      name: "an output with a long name has a new parameter",
      wants: [`${"name/".repeat(60)}é a.txt`],
    },
    rules: `
rule name_a:
    output: "${"name/".repeat(60)}é a.txt"
    params: name=1
    shell: "echo {params.name} > {output:q}"
`,
    edit: ({ replace }) => replace("params: name=1", "params: name=2"),
    runs: ["name_a"],
  },
];

/** Writes the workflow of all edits. */
export function writeWorkflow(directory: string): void {
  const wants = edits.flatMap(({ wants }) => wants);
  const rules = edits.map(({ rules }) => rules).join("\n");
  const all = `rule all:\n    default_target: True\n    input: ${JSON.stringify(wants)} + WILD\n`;
  const { write } = directoryAt(directory);
  write("Snakefile", `import os\nconfigfile: "config.yaml"\n${rules}\n${all}`);
  write("config.yaml", "value: 1\n");
  for (const { files = {} } of edits)
    for (const [path, content] of Object.entries(files)) write(path, content);
}

/** Makes all edits. */
export function editWorkflow(directory: string): void {
  for (const { edit } of edits) edit?.(directoryAt(directory));
}

export function directoryAt(directory: string): Directory {
  const at = (path: string) => join(directory, path);
  const write = (path: string, content: string) => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), content);
  };
  return {
    write,
    replace(from, to, path = "Snakefile") {
      const text = readFileSync(at(path), "utf8");
      if (!text.includes(from)) throw new Error(`not in ${path}: ${from}`);
      write(path, text.replace(from, to));
    },
    remove: (path) => rmSync(at(path), { recursive: true }),
    setTime: (path, seconds) => utimesSync(at(path), seconds, seconds),
    touch: (path) => utimesSync(at(path), new Date(), new Date()),
  };
}
