import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * What envdir(8) makes of a directory: each file is named after a variable, its first line without trailing blanks is the
 * value, NUL in it stands for a newline, and an empty file unsets the variable. Throws where a name holds `=`.
 */
export async function applyEnvDirectory(
  directory: string,
  environment: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const applied = { ...environment };
  for (const name of await readdir(directory)) {
    if (name.startsWith(".")) continue;
    if (name.includes("=")) throw new Error(`envdir: the name of ${join(directory, name)} contains =`);
    const content = await readFile(join(directory, name), "utf8");
    if (content === "") {
      delete applied[name];
    } else {
      const [line = ""] = content.split("\n", 1);
      applied[name] = line.replace(/[ \t]+$/, "").replaceAll("\0", "\n");
    }
  }
  return applied;
}
