import { access, constants, stat } from "node:fs/promises";
import { delimiter, resolve } from "node:path";
import type { Context } from "./context.ts";

/** The absolute path of a program, looked for as a shell does: on the PATH, or at the path it is. */
export async function findProgram(
  { env, cwd }: Pick<Context, "env" | "cwd">,
  name: string,
): Promise<string | undefined> {
  const candidates = name.includes("/")
    ? [resolve(cwd, name)]
    : (env.PATH ?? "").split(delimiter).map((directory) => resolve(cwd, directory, name));
  for (const path of candidates) if (await isProgram(path)) return path;
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
