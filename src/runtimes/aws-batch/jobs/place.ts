import { stat } from "node:fs/promises";
import { makeDirectory } from "../../../cli/make-directory.ts";
import { UserError } from "../../../errors.ts";
import { type BuildRoot, placeIn } from "../../../workflow/build-root.ts";
import type { KnownJob } from "./known-job.ts";
import { placeOf } from "./run-of.ts";

/**
 * Where a job's results are to go: the directory given (absolute; made where it isn't there), else where the build was started. Throws
 * UserError where that is gone, or not known.
 */
export async function requirePlace(known: KnownJob, into: string | undefined): Promise<BuildRoot> {
  if (into !== undefined) {
    await makeDirectory(into).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(`The directory ${into} can't be made (${error.code ?? error.message}).`, {
        hint: "Name a directory that you may write to.",
        cause: error,
      });
    });
    return placeIn(into, into);
  }
  const place = placeOf(known);
  const id = known.runId ?? known.jobId;
  if (place === undefined) {
    throw new UserError(`Job ${id} was not started from this computer: say where its results are to go.`, {
      hint: "Add --into DIRECTORY.",
    });
  }
  const found = await stat(place.root).catch(() => undefined);
  if (found?.isDirectory()) return place;
  throw new UserError(`The directory ${place.root}, in which job ${id} was started, is not there any more.`, {
    hint: "Make it again, or bring the results elsewhere: --into DIRECTORY.",
  });
}
