import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Context } from "../../cli/context.ts";

/** A temporary directory that only this user can read; disposing removes it with all that is in it. */
export interface Scratch extends AsyncDisposable {
  /** Absolute, since engines mount no other. */
  readonly path: string;
}

/** Makes one whose name begins with `nextstrain-` and what it is for. */
export async function makeScratch(
  { env, cwd }: Pick<Context, "env" | "cwd">,
  purpose: string,
): Promise<Scratch> {
  const path = await mkdtemp(join(resolve(cwd, env.TMPDIR || "/tmp"), `nextstrain-${purpose}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
