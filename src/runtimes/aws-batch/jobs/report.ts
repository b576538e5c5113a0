import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Context } from "../../../cli/context.ts";
import { UserError } from "../../../errors.ts";
import { ownTemporaryName } from "../../../runs/temporaries.ts";
import { openAccounts } from "./accounts.ts";
import { findJob } from "./find.ts";
import { factsOf, isEnded } from "./known-job.ts";
import type { JobsOptions } from "./options.ts";
import { refresh, warnOfStale } from "./refresh.ts";
import { createReportSource, type ReportData, whyLines } from "./report-data.ts";
import { reportJson } from "./report-json.ts";
import { reportPage } from "./report-page.ts";
import { EVERY, watchReport } from "./report-watch.ts";

export interface ReportOptions extends JobsOptions {
  readonly id: string;
  /** Absolute; undefined: named after the job, in the working directory. */
  readonly output: string | undefined;
  /** Print what the page would tell in place of writing it. */
  readonly json: boolean;
  /** Write the page anew until the job has ended. */
  readonly watch: boolean;
}

/** `nextstrain jobs report`: writes one page about a job, as far as it has come. Returns the exit status. */
export async function reportCommand(context: Context, options: ReportOptions): Promise<number> {
  const { io } = context;
  using accounts = openAccounts(context, options);
  const found = await findJob(context, accounts, options, options.id);
  const [known = found] = await refresh(context, accounts, [found], warnOfStale(context));
  const facts = factsOf(known);
  const gather = createReportSource(context, accounts);
  if (options.json) {
    io.out(JSON.stringify(reportJson(await gather(known, context.signal)), undefined, 2));
    return 0;
  }
  const id = (facts.runId ?? facts.jobId ?? "job").slice(0, 8);
  const file = options.output ?? join(context.cwd, `nextstrain-report-${id}.html`);
  if (!options.watch || isEnded(facts.status)) {
    const data = await gather(known, context.signal);
    await writePage(file, pageOf(data));
    if (data.withoutLog !== undefined) io.warn(data.withoutLog);
    io.out(`Report of job ${id}: ${file}`);
    return 0;
  }
  let isFirst = true;
  return watchReport(context, accounts, known, {
    ...{ patience: options.patience, gather },
    async write(data, isLast) {
      await writePage(file, pageOf(data, isLast ? undefined : EVERY));
      if (isFirst) io.out(`Report of job ${id}, rewritten until the job has ended: ${file}`);
      isFirst = false;
    },
  });
}

function pageOf({ why, ...data }: ReportData, refresh?: number): string {
  return reportPage({ ...data, why: whyLines(why), refresh });
}

/** Whole or not at all. Throws UserError. */
async function writePage(file: string, page: string): Promise<void> {
  const temporary = join(dirname(file), ownTemporaryName());
  try {
    await writeFile(temporary, page);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new UserError(`${file} can't be written (${(error as NodeJS.ErrnoException).code ?? error}).`, {
      hint: "Name another file: --output FILE.",
      cause: error,
    });
  }
}
