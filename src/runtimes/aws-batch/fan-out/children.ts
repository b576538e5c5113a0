import { shellQuoted } from "../../../cli/shell-quoted.ts";
import { UsageError } from "../../../errors.ts";
import { quoteName } from "../../../runs/names.ts";
import { splitWords } from "./words.ts";

/** One of the builds that a fan-out runs side by side: a job of its array. */
export interface Child {
  /** Its place in the array, from 0: AWS_BATCH_JOB_ARRAY_INDEX. */
  readonly index: number;
  /** Its arguments as a shell reads them: by this it is called, and from this it is read back. */
  readonly label: string;
  /** What its command has beside the arguments of all: a target, or `--config …` and the like. At least one word. */
  readonly args: readonly string[];
}

/** A build as an array of jobs. */
export interface FanOut {
  readonly children: readonly Child[];
  /** Targets that are built once, before the children; empty: none. */
  readonly first: readonly string[];
}

/** Batch's limits for the size of an array. */
const LEAST = 2;
const MOST = 10_000;

/** Children of these arguments, in their order. Throws UsageError where there are too few, too many, or two of the same. */
export function childrenOf(all: readonly (readonly string[])[]): readonly Child[] {
  if (all.length < LEAST) {
    throw new UsageError(`A fan-out needs at least ${LEAST} children, and this one has ${all.length}.`, {
      hint: "Give --fan-out several times, or a file with a line for each child: --fan-out-from FILE.",
    });
  }
  if (all.length > MOST) {
    throw new UsageError(
      `A fan-out of ${all.length} children is too large: AWS Batch takes at most ${MOST} jobs in an array.`,
      {
        hint: "Split it into several builds, or give children several targets: a line of --fan-out-from each.",
      },
    );
  }
  const children = all.map((args, index) => ({ index, label: labelOf(args), args }));
  const seen = new Set<string>();
  for (const { label } of children) {
    if (seen.has(label)) {
      throw new UsageError(`Two children of the fan-out are the same: ${quoteName(label)}.`, {
        hint: "Leave one of them out: two jobs would build the same files.",
      });
    }
    seen.add(label);
  }
  return children;
}

/** How a child is called, by its arguments. */
function labelOf(args: readonly string[]): string {
  return args.map(shellQuoted).join(" ");
}

/** The children of a run, by the labels that its record has. */
export function childrenByLabels(labels: readonly string[]): readonly Child[] {
  return labels.map((label, index) => ({ index, label, args: splitWords(label) ?? [label] }));
}

/** Children by their indices, as a new array has them: without gaps. */
export function only(children: readonly Child[], indices: ReadonlySet<number>): readonly Child[] {
  return children.filter(({ index }) => indices.has(index)).map((child, index) => ({ ...child, index }));
}

/**
 * The table that jobs find their arguments in (wrapper/job-wrapper.sh): a line for each child, its arguments in base64, single spaces
 * between.
 */
export function encodeTable(children: readonly Child[]): Uint8Array {
  const lines = children.map(({ args }) =>
    args.map((word) => Buffer.from(word).toString("base64")).join(" "),
  );
  return Buffer.from(`${lines.join("\n")}\n`);
}

/** The children of a table by {@link encodeTable}; undefined where it is none. */
export function decodeTable(table: Uint8Array): readonly Child[] | undefined {
  const lines = Buffer.from(table).toString("latin1").split("\n");
  if (lines.pop() !== "" || lines.length === 0 || lines.length > MOST) return undefined;
  if (!lines.every((line) => /^[A-Za-z0-9+/=]+(?: [A-Za-z0-9+/=]+)*$/.test(line))) return undefined;
  return lines.map((line, index) => {
    const args = line.split(" ").map((word) => Buffer.from(word, "base64").toString("utf8"));
    return { index, label: labelOf(args), args };
  });
}
