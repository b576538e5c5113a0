import { seededNumbers } from "../../test/support/random.ts";
// The table of results said again, as simply as can be, and random cases of it.

/** Files of random trees. */
export const PATHS = ["a", "b.txt", "c.tar.gz", "d/e", "d/f.json", "g/h/i", ".j", "k.é", "g/h/l", "m n"];

/** Few, some of the same length, so that equal contents and equal sizes come about. */
export const CONTENTS = ["", "one", "two", "three", "seven"];

/** One file's three states; undefined where it isn't there. */
export interface History {
  readonly before: string | undefined;
  readonly excluded: boolean;
  readonly job: string | undefined;
  /** The job wrote it, so that the container's zip did. */
  readonly jobWrote: boolean;
  readonly here: string | undefined;
  /** What is here was written since the run began. Default: where it differs from before. */
  readonly writtenSince?: boolean;
}

/** What is left of the run's start. */
export type Knowledge = "record" | "manifest" | "nothing";

/** What is here afterwards, and beside it. */
export function tableSays(
  history: History,
  knowledge: Knowledge,
): { here: string | undefined; beside?: string } {
  const { job, here } = history;
  const before = knowledge === "record" || !history.excluded ? history.before : undefined;
  const uploaded = history.excluded ? undefined : history.before;
  const changed = knowledge === "nothing" ? history.jobWrote : job !== uploaded;
  if (job === undefined || !changed) return { here };
  if (here === undefined || here === job) return { here: job };
  // A manifest may be forged: nobody's writing since then is replaced on its word.
  const isBelieved = knowledge === "record" || (knowledge === "manifest" && history.writtenSince !== true);
  if (isBelieved && here === before) return { here: job };
  return { here, beside: job };
}

interface Random {
  chance(probability: number): boolean;
  /** A whole number. */
  below(limit: number): number;
  content(): string;
}

/** Choices, the same for the same seed. */
export function randomFrom(seed: number, contents = CONTENTS): Random {
  const next = seededNumbers(seed);
  return {
    chance: (probability: number) => next() < probability,
    below: (limit: number) => Math.floor(next() * limit),
    content: () => contents[Math.floor(next() * contents.length)] ?? "",
  };
}

/** What may become of one file. */
export function randomHistory({ chance, content }: Random): History {
  const before = chance(0.7) ? content() : undefined;
  const excluded = before !== undefined && chance(0.2);
  const jobWrote = chance(0.5);
  const job = jobWrote ? content() : excluded ? undefined : before;
  const here = chance(0.4) ? (chance(0.3) ? undefined : content()) : before;
  return { before, excluded, job, jobWrote, here };
}
