import { describeJob } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import { groupOf } from "../../aws/log-place.ts";
import { readLogPage } from "../../aws/logs.ts";
import type { JobId } from "../../runs/types.ts";
import { UnlistedError } from "./trouble.ts";
import type { JobSource } from "./watch.ts";

/** A request is given up after so long, the SDK's own repetitions included: a page of a log is 1 MiB. Milliseconds. */
const DEADLINE = 60_000;

/** A job that is known to be there, as AWS tells of it. */
export function jobSource(aws: Aws, id: JobId): JobSource {
  let group = groupOf(undefined);
  return {
    describe: (signal) =>
      withDeadline(signal, async (limited) => {
        const job = await describeJob(aws.batch, id, limited);
        if (job === undefined) throw new UnlistedError();
        group = groupOf(job.log);
        return job;
      }),
    readLog: (stream, position, signal) =>
      withDeadline(signal, (limited) => readLogPage(aws.logs, { group, stream }, position, limited)),
  };
}

async function withDeadline<T>(
  signal: AbortSignal,
  request: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(DEADLINE);
  try {
    return await request(AbortSignal.any([signal, deadline]));
  } catch (error) {
    if (!deadline.aborted || signal.aborted) throw error;
    throw Object.assign(new Error(`no answer within ${DEADLINE / 1000} seconds`, { cause: error }), {
      name: "TimeoutError",
    });
  }
}
