import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { whyNotKept } from "../../runs/keeping.ts";
import { runsDirectory } from "../../runs/registry.ts";
import type { Selection } from "../../workflow/types.ts";

/**
 * Whether this computer can keep the record of a run: to be asked before anything is sent. Where it can't, a warning says that the
 * manifest takes its place. Throws UserError where that would not do, since files that are not uploaded are in no manifest.
 */
export async function canKeepRecord(context: Context, { files, excluded }: Selection): Promise<boolean> {
  const runs = runsDirectory(context);
  const reason = await whyNotKept(runs, files.length + excluded.length);
  if (reason === undefined) return true;
  const problem = `The record of this run can't be kept in ${runs} (${reason})`;
  if (excluded.length > 0) {
    const count = excluded.length === 1 ? "1 file that is" : `${excluded.length} files that are`;
    throw new UserError(`${problem}, and the manifest in the bucket lacks ${count} not uploaded.`, {
      hint: "Make that directory writable, with room in it, or set NEXTSTRAIN_HOME to another one.",
    });
  }
  context.io.warn(`${problem}: the manifest in the bucket takes its place.`);
  return false;
}
