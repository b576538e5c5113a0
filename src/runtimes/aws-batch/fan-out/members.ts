import type { Job } from "../../../aws/batch.ts";
import type { Aws } from "../../../aws/clients.ts";
import type { Context } from "../../../cli/context.ts";
import type { Io } from "../../../cli/io.ts";
import { toJobId } from "../../../runs/ids.ts";
import type { JobId } from "../../../runs/types.ts";
import { partOf } from "../bucket.ts";
import type { Accounts } from "../jobs/accounts.ts";
import { plain } from "../jobs/rows.ts";
import { beginWatched, type Watched } from "../jobs/watched.ts";
import type { FanOutJobs, Run } from "../run.ts";

/** A job of a fan-out: a child, or what is built before them. */
export interface Member extends Watched {
  /** As functions of single jobs take it; `job` is as it was first. */
  readonly run: Run;
  /** Its place in the array; undefined of the job that comes first. */
  readonly index: number | undefined;
  /** Its array ended before there was such a job. */
  never: boolean;
}

/** What the job that comes first is called. */
const FIRST = "first";

/** The id of a child in Batch. */
export function childId(array: JobId, index: number): JobId {
  return toJobId(`${array}:${index}`);
}

/** The jobs of a fan-out: the one that comes first, then the children. */
export function membersOf(run: Run, { children, firstJobId }: FanOutJobs, now: number): readonly Member[] {
  const { fanOut: _, job: __, ...plainRun } = run;
  const member = (label: string, own: Run, index: number | undefined): Member => {
    const id = plain(label);
    return {
      ...beginWatched(id, { runId: undefined, jobId: own.jobId }, now),
      ...{ where: "", run: own, index, never: false },
    };
  };
  return [
    ...(firstJobId === undefined ? [] : [member(FIRST, { ...plainRun, jobId: firstJobId }, undefined)]),
    ...children.map(({ label, index }) =>
      member(
        label,
        { ...plainRun, jobId: childId(run.jobId, index), part: partOf(run.workdir, index) },
        index,
      ),
    ),
  ];
}

export function jobOf({ known }: Member): Job | undefined {
  return known.job;
}

/** Says of whom each line is. */
export function beside(io: Io, { id }: Pick<Member, "id">): Io {
  const prefixed = (text: string) => text.replace(/^/gm, () => `[${id}] `);
  return {
    ...io,
    out: (line, options) => io.out(prefixed(line), options),
    err: (line) => io.err(prefixed(line)),
    warn: (message) => io.err(prefixed(`Warning: ${message}`)),
    live: () => {},
  };
}

/** One account, for functions that are made for several. */
export function accountsOf(context: Context, aws: Aws): Accounts {
  const account = { aws, context, isByOption: aws.local?.isByOption === true };
  return { own: async () => account, of: async () => account, [Symbol.dispose]: () => {} };
}
