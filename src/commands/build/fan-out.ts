import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Context } from "../../cli/context.ts";
import { UsageError } from "../../errors.ts";
import { childrenOf, type FanOut } from "../../runtimes/aws-batch/fan-out/children.ts";
import { splitWords } from "../../runtimes/aws-batch/fan-out/words.ts";
import type { BuildOptions } from "./options.ts";

type FanOutFlags = Pick<
  BuildOptions,
  "fanOut" | "fanOutFrom" | "fanOutFirst" | "fanOutRetry" | "attach" | "exec"
>;

/** What --fan-out and its companions mean; undefined where none is given. Throws UsageError. */
export async function fanOutOptions(
  { cwd }: Pick<Context, "cwd">,
  flags: FanOutFlags,
  programArguments: readonly string[],
): Promise<FanOut | undefined> {
  const { fanOut, fanOutFrom, fanOutFirst } = flags;
  const isGiven = fanOut.length > 0 || fanOutFrom !== undefined;
  if (flags.fanOutRetry) {
    checkOthers(flags, programArguments);
    if (!isGiven && fanOutFirst.length === 0) return undefined;
    throw new UsageError("--fan-out-retry takes its targets from the last fan-out: leave --fan-out out.");
  }
  if (!isGiven) {
    if (fanOutFirst.length === 0) return undefined;
    throw new UsageError(
      "--fan-out-first needs --fan-out or --fan-out-from: it is built before their children.",
      {
        hint: "Name the target after the directory to build it alone.",
      },
    );
  }
  checkOthers(flags, programArguments);
  for (const target of [...fanOut, ...fanOutFirst]) checkTarget(target);
  const lines = fanOutFrom === undefined ? [] : await readLines(cwd, fanOutFrom);
  return { children: childrenOf([...fanOut.map((target) => [target]), ...lines]), first: fanOutFirst };
}

/** Throws UsageError for what has no meaning beside a fan-out. */
function checkOthers({ attach, exec }: FanOutFlags, programArguments: readonly string[]): void {
  if (attach !== undefined) {
    throw new UsageError(
      "--attach and a fan-out can't be used together: one reattaches, the other submits.",
      {
        hint: "To reattach to a fan-out, give --attach its run's id.",
      },
    );
  }
  if (exec !== "snakemake") {
    throw new UsageError("--exec and a fan-out can't be used together: children are targets of Snakemake.", {
      hint: "Leave one of them out.",
    });
  }
  const [first] = programArguments;
  const target = first?.startsWith("-") ? undefined : first;
  if (target === undefined && !programArguments.includes("--")) return;
  throw new UsageError(
    `With a fan-out, no targets can follow the directory${target === undefined ? "" : ` (“${target}”)`}: each child has its own.`,
    { hint: "Give --fan-out the targets, and --fan-out-first those that all need." },
  );
}

function checkTarget(target: string): void {
  if (target !== "" && !target.startsWith("-")) return;
  throw new UsageError(`“${target}” is not a target of Snakemake.`, {
    hint: "Options of a child go into the file of --fan-out-from, a line for each child.",
  });
}

/** The words of each line that has any. Throws UsageError where the file can't be read, or a quote is not closed. */
async function readLines(cwd: string, file: string): Promise<(readonly string[])[]> {
  const path = resolve(cwd, file);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "there is no such file" : (error.code ?? error.message);
    throw new UsageError(`${path} can't be read (--fan-out-from): ${why}.`, {
      hint: "Name a file with a line for each child: its targets or other arguments.",
    });
  });
  return text.split(/\r?\n/).flatMap((line, index) => {
    const words = splitWords(line);
    if (words === undefined) {
      throw new UsageError(`Line ${index + 1} of ${path} can't be read: a quote in it is not closed.`, {
        hint: "Close the quote: lines are split into words as a shell does.",
      });
    }
    if (words.includes("")) {
      throw new UsageError(`Line ${index + 1} of ${path} (--fan-out-from) has an empty argument.`, {
        hint: "Leave it out: Snakemake has no use for one.",
      });
    }
    return words.length === 0 ? [] : [words];
  });
}
