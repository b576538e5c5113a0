import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownTemporaryName, sweepTemporaries } from "../../runs/temporaries.ts";
import { type CondaPlace, environmentInUse } from "./place.ts";

/** An environment that no update takes away; given back by disposing. */
export interface HeldEnvironment extends AsyncDisposable {
  /** Absolute path of its own directory. */
  readonly prefix: string;
}

/**
 * Holds the environment in use for as long as something runs in it: an update puts another in its place, and a workflow
 * of hours must find its programs until its end. Undefined where there is no environment.
 */
export async function holdEnvironment(place: CondaPlace): Promise<HeldEnvironment | undefined> {
  for (;;) {
    const prefix = await environmentInUse(place);
    if (prefix === undefined) return undefined;
    const holders = holdersOf(prefix);
    const own = join(holders, ownTemporaryName());
    // One that others have made for all to read can't be marked, and is run in all the same.
    await mkdir(holders).catch(() => undefined);
    await writeFile(own, "").catch(() => undefined);
    const release = () => rm(own, { force: true }).catch(() => undefined);
    // An update that looked before the mark was there has put the other in place before it looked.
    if ((await environmentInUse(place)) === prefix) return { prefix, [Symbol.asyncDispose]: release };
    await release();
  }
}

/** Whether anything runs in an environment. `now` is in milliseconds since 1970. */
export async function isHeld(prefix: string, now: number): Promise<boolean> {
  const holders = holdersOf(prefix);
  await sweepTemporaries([holders], { now });
  return (await readdir(holders).catch(() => [])).length > 0;
}

/** Where an environment's holders each have a file, whose name says which process it is of. */
function holdersOf(prefix: string): string {
  return join(prefix, ".nextstrain-held");
}
