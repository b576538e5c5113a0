// Protects that, however and whenever a job ends, nothing finished is lost by a stop, nothing half-made is ever taken for finished, and
// the next build makes the same files as if nothing had happened. NEXTSTRAIN_TEST_ROUNDS makes it more endings than usual.
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useFaults } from "../support/faults.ts";
import { have } from "../support/have.ts";
import { seededNumbers } from "../support/random.ts";
import { directoryAt } from "../support/rebuild-edits.ts";
import { build, treeOf } from "../support/rebuilds.ts";
import { startTool, type ToolResult } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const ROUNDS = Math.ceil(Number(process.env.NEXTSTRAIN_TEST_ROUNDS ?? 3));
const SEED = Number(process.env.NEXTSTRAIN_TEST_SEED ?? 14);

/** Each rule is half-way for a while, and takes a stop in a way of its own. */
const SNAKEFILE = `
shell.prefix("set -e; ")
ALL = range(3)
rule all:
    input: expand(["shell/{i}", "run/{i}", "script/{i}", "session/{i}", "directory/{i}", "again/{i}", "after/{i}"], i=ALL)
rule shell:
    output: "shell/{i}"
    shell: "trap '' TERM; echo half > {output}; sleep 0.{wildcards.i}3; echo shell {wildcards.i} > {output}"
rule run:
    output: "run/{i}"
    run:
        import time
        open(output[0], "w").write("half")
        time.sleep(0.2)
        open(output[0], "w").write("run " + wildcards.i)
rule script:
    output: "script/{i}"
    script: "script.py"
rule session:
    input: "shell/{i}"
    output: "session/{i}"
    shell: "echo half > {output}; setsid -w sh -c 'trap \\"\\" TERM; sleep 0.3'; echo session {wildcards.i} > {output}"
rule directory:
    input: "run/{i}"
    output: directory("directory/{i}")
    shell: "mkdir -p {output}; echo half > {output}/a; sleep 0.2; echo a > {output}/a; echo b > {output}/b"
rule again:
    input: "script/{i}"
    output: "again/{i}"
    retries: 2
    shell: "if [ ! -e ../tried-{wildcards.i} ]; then touch ../tried-{wildcards.i}; echo half > {output}; exit 1; fi; cat {input} > {output}"
rule passing:
    input: "session/{i}"
    output: temp("passing/{i}")
    shell: "cat {input} > {output}; sleep 0.1"
rule after:
    input: "passing/{i}"
    output: "after/{i}"
    shell: "echo half > {output}; sleep 0.2; cat {input} > {output}"
`;
const SCRIPT = `import time
open(snakemake.output[0], "w").write("half")
time.sleep(0.15)
open(snakemake.output[0], "w").write("script " + snakemake.wildcards.i)
`;
/** Rules, and how often each runs. */
const STEPS = 8 * 3 + 1;

interface Ending {
  readonly fault?: object;
  readonly meanwhile?: object;
  readonly stopped: boolean;
}

const killed = { fault: "out-of-memory" };
/** Of each: the fault at the chosen moment, or from then on, and whether the job is stopped, and so keeps all that it has finished. */
const endings: Readonly<Record<string, Ending>> = {
  "Control-C": { stopped: true },
  "a reclaim by ECS": { fault: { fault: "spot-reclaim", notice: 60, drain: true }, stopped: true },
  "a reclaim with notice": { fault: { fault: "spot-reclaim", notice: 60 }, stopped: true },
  "a lost machine": { fault: { fault: "spot-reclaim" }, stopped: false },
  "lack of memory": { fault: killed, stopped: false },
  "SIGKILL at the time limit": { fault: { fault: "time-limit" }, stopped: false },
  "the network gone": { meanwhile: { fault: "cut", service: "s3", from: "job" }, stopped: false },
};
const CUTS = { fault: "cut", service: "s3", from: "job", probability: 0.4, count: 6 };
const BAD_KEYS = ["--env", "AWS_ACCESS_KEY_ID=AKIAEXPIRED", "--env", "AWS_SECRET_ACCESS_KEY=expired"];

const tools = ["zip", "unzip", "snakemake"].every(have) && process.platform === "linux";

describe.skipIf(!tools)("a job that ends at random (needs zip, unzip, snakemake and Linux)", () => {
  let place: Workplace;
  let whole: Record<string, string>;
  const chance = seededNumbers(SEED);
  const chosen = <T>(all: readonly T[]): T => all[Math.floor(chance() * all.length)] as T;

  beforeAll(async () => {
    place = await workplace();
    place.env.NEXTSTRAIN_AWS_BATCH_CHECKPOINTS = "0.02";
    const directory = await fresh("whole");
    const result = await build(directory, ["--ambient"], { env: place.env });
    expect(result.exitStatus, result.stdout + result.stderr).toBe(0);
    whole = await filesOf(directory);
  });
  afterAll(() => place[Symbol.asyncDispose]());

  async function fresh(name: string): Promise<string> {
    // Beside it are the traces of what has been tried.
    const directory = join(place.directory, name, "build");
    await mkdir(directory, { recursive: true });
    const { write } = directoryAt(directory);
    write("Snakefile", SNAKEFILE);
    write("script.py", SCRIPT);
    return directory;
  }
  async function filesOf(directory: string): Promise<Record<string, string>> {
    const tree = Object.entries(await treeOf(directory));
    return Object.fromEntries(tree.filter(([path]) => !path.startsWith(".snakemake/")));
  }

  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const [name, ending] = chosen(Object.entries(endings));
    return {
      ...{ round, name, ...ending },
      step: 1 + Math.floor(chance() * (STEPS - 2)),
      seconds: chance() * 0.4,
      isCut: chance() < 0.3,
      hasBadKeys: chance() < 0.3,
    };
  });
  test.each(rounds)("$round: by $name after step $step", async (round) => {
    const directory = await fresh(`${round.round}`);
    const { seconds } = round;
    const line = `${round.step} of ${STEPS} steps`;
    await useFaults(place.env, [
      ...(round.fault === undefined ? [] : [{ ...round.fault, line, seconds, count: 1 }]),
      ...(round.isCut ? [CUTS] : []),
    ]);
    const options = ["--aws-batch", "--local-aws", "--retries=0", ...(round.hasBadKeys ? BAD_KEYS : [])];
    const args = ["build", ...options, directory, "--cores=4"];
    const running = startTool(args, { env: place.env, cwd: place.directory });
    if (round.fault === undefined) {
      // It may be too late for it.
      await Promise.race([running.seen(new RegExp(line)), running.ended]);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
      if (round.meanwhile) await useFaults(place.env, [round.meanwhile]);
      else running.child.kill("SIGINT");
    }
    const ended = await running.ended;
    await useFaults(place.env, []);
    const said = `${ended.stdout}${ended.stderr}`;
    const before = await filesOf(directory);
    const finished = finishedIn(ended);
    if (round.stopped || ended.exitStatus === 0) {
      for (const { outputs } of finished) {
        for (const output of outputs.filter((path) => !path.startsWith("passing/"))) {
          const of = (tree: Record<string, string>) =>
            Object.entries(tree).filter(([path]) => path === output || path.startsWith(`${output}/`));
          expect(of(before), `${output}\n${said}`).toEqual(of(whole));
        }
      }
    }
    await cp(directory, `${directory}-before`, { recursive: true, preserveTimestamps: true });
    const next = await build(directory, ["--ambient"], { env: place.env });
    expect(next.exitStatus, `${said}\n=== NEXT\n${next.stdout}${next.stderr}`).toBe(0);
    expect(await filesOf(directory), said).toEqual(whole);
    if (round.stopped) {
      const kept = finished.filter(({ rule }) => rule !== "passing").length;
      const made = finishedIn(next).filter(({ rule }) => rule !== "passing").length;
      expect(kept + made, `${said}\n=== NEXT\n${next.stdout}${next.stderr}`).toBe(STEPS - 1 - 3);
    }
  });
});

/** What Snakemake says that it has finished, with the outputs. */
function finishedIn({
  stdout,
  stderr,
}: ToolResult): { readonly rule: string; readonly outputs: readonly string[] }[] {
  const lines = `${stdout}\n${stderr}`.replaceAll(/^\[batch\] \[[^\]]*\] /gm, "");
  const begun = new Map<string, { readonly rule: string; readonly outputs: readonly string[] }>();
  const blocks = lines.matchAll(/^rule (\w+):\n(?: {4}.*\n)*? {4}output: (.*)\n {4}jobid: (\d+)$/gm);
  for (const [, rule = "", outputs = "", id = ""] of blocks)
    begun.set(id, { rule, outputs: outputs.split(", ") });
  const done = [...lines.matchAll(/^Finished job (\d+)\.$/gm)].map(([, id = ""]) => id);
  return done.map((id) => begun.get(id)).filter((job) => job !== undefined);
}
