import { UserError } from "../errors.ts";

// C0 and DEL: `unzip` leaves them out of the names of the files that it makes.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const LOST = /[\u0000-\u001f\u007f]/;
const MOST_SHOWN = 20;

/**
 * Throws UserError naming the files whose names would be others in the job, where they would be missed, and from where they would come
 * back beside those that are here.
 */
export function refuseStrangeNames(files: readonly { readonly path: string }[]): void {
  const strange = files.filter(({ path }) => LOST.test(path));
  if (strange.length === 0) return;
  const names = strange
    .map(({ path }) => JSON.stringify(path))
    .sort()
    .slice(0, MOST_SHOWN);
  if (strange.length > MOST_SHOWN) names.push(`and ${strange.length - MOST_SHOWN} more`);
  const count = strange.length === 1 ? "1 name holds" : `${strange.length} names hold`;
  throw new UserError(`${count} control characters, which jobs don't get: ${names.join(", ")}.`, {
    hint: "Rename them, or leave them out with --exclude-from-upload and a pattern that has ? for each such character.",
  });
}
