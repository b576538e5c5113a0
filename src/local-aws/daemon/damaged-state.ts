import { StartError, systemCode } from "./start-error.ts";

/**
 * Runs what reads the state that an earlier local AWS left. Throws StartError where it is damaged: with JSON cut short by a full
 * disk, say, or changed by hand.
 */
export async function readState<T>(
  { directory, log }: { readonly directory: string; log(message: string): void },
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof StartError || systemCode(error) !== undefined)
      throw error;
    log(`The state can't be read: ${error.stack ?? error.message}`);
    throw new StartError(
      `The state of local AWS in ${directory} can't be used: ${error.message}`,
      "Start afresh with `nextstrain local-aws reset` (it deletes local AWS's buckets, jobs and logs), or put a copy of that file back.",
    );
  }
}
