import type { Job } from "../../../aws/batch.ts";
import type { Aws } from "../../../aws/clients.ts";
import type { Context } from "../../../cli/context.ts";
import { readRecord, runsDirectory } from "../../../runs/registry.ts";
import type { RunRecord } from "../../../runs/types.ts";
import { getSmallObject } from "../../../transfer/object-source.ts";
import { siblingsOf } from "../bucket.ts";
import type { FanOutJobs, Run } from "../run.ts";
import { type Child, childrenByLabels, decodeTable } from "./children.ts";

/** Bytes of a table of children at most: 10,000 lines of them, and short of filling the memory. */
const LARGEST_TABLE = 64 * 1024 * 1024;

/** The jobs of a fan-out, by this computer's record, else by what is in the bucket; undefined of a run that is none. */
export async function fanOutOf(
  context: Context,
  aws: Aws,
  { runId, workdir, job }: Pick<Run, "runId" | "workdir" | "job">,
): Promise<FanOutJobs | undefined> {
  const record = runId && (await readRecord(runsDirectory(context), runId).catch(() => undefined));
  const recorded = record?.children && childrenByLabels(record.children.labels);
  const size = job === undefined ? recorded?.length : job.array?.size;
  if (size === undefined) return undefined;
  const firstJobId = firstOf(job, record);
  if (recorded?.length === size) return { children: recorded, firstJobId };
  return { children: (await readTable(context, aws, workdir, size)) ?? numbered(size), firstJobId };
}

/** The job that an array waits for, or waited. */
export function firstOf(job: Job | undefined, record: RunRecord | undefined): FanOutJobs["firstJobId"] {
  return record?.children?.firstJobId ?? job?.dependsOn?.[0];
}

async function readTable(
  { signal }: Context,
  aws: Aws,
  workdir: Run["workdir"],
  size: number,
): Promise<readonly Child[] | undefined> {
  const object = siblingsOf(workdir)?.children;
  const table = object && (await getSmallObject(aws.s3, object, { signal, limit: LARGEST_TABLE }));
  const children = table && decodeTable(table);
  return children?.length === size ? children : undefined;
}

/** Children of which nobody knows more than their number. */
function numbered(size: number): readonly Child[] {
  return Array.from({ length: size }, (_, index) => ({ index, label: `child ${index}`, args: [] }));
}
