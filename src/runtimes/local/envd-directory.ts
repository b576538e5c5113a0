import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "../../cli/context.ts";
import { envdFiles, type Variables } from "../../workflow/envdir.ts";
import { makeScratch } from "./scratch.ts";

/** Variables as files, for a container to read: their values are on no command line and in no container's description. */
export interface EnvdDirectory extends AsyncDisposable {
  /** Undefined where there are no variables. */
  readonly path: string | undefined;
}

/** Writes the variables to a temporary directory that only this user can read; disposing removes it. */
export async function writeEnvd(
  context: Pick<Context, "env" | "cwd">,
  variables: Variables,
): Promise<EnvdDirectory> {
  if (variables.size === 0) return { path: undefined, [Symbol.asyncDispose]: async () => {} };
  const directory = await makeScratch(context, "env.d");
  try {
    for (const { name, content } of envdFiles(variables)) {
      await writeFile(join(directory.path, name), content, { mode: 0o600 });
    }
  } catch (error) {
    // On a full disk, say: what was written may be secrets.
    await directory[Symbol.asyncDispose]();
    throw error;
  }
  return directory;
}
