import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { runTool, type ToolResult } from "./run-tool.ts";

const runFile = promisify(execFile);

/** Copies a directory with all that Snakemake goes by: times to the nanosecond, links, permission bits. */
export async function copyAsIs(from: string, to: string): Promise<void> {
  await runFile("cp", ["-a", from, to]);
}

/** The rules and checkpoints that Snakemake says it runs, or would, sorted; one as often as it runs. The default target has no part in it. */
export function rulesRun({ stdout, stderr }: Pick<ToolResult, "stdout" | "stderr">): string[] {
  const said = `${stdout}\n${stderr}`.matchAll(
    /^(?:\[batch\] \[[^\]]*\] )?(?:local)?(?:rule|checkpoint) (\w+):$/gm,
  );
  return [...said]
    .map(([, name = ""]) => name)
    .filter((name) => name !== "all")
    .sort();
}

/** The contents of all files, and the names of Snakemake's notes. Benchmarks and logs differ from run to run: only their names count. */
export async function treeOf(directory: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(directory.length + 1);
    if (entry.isDirectory()) continue;
    if (path.startsWith(".snakemake/")) {
      if (/^\.snakemake\/(?:metadata|incomplete)\//.test(path)) tree[path] = "";
    } else {
      tree[path] = path.startsWith("logs/") ? "" : await readFile(join(directory, path), "utf8");
    }
  }
  return tree;
}

/** What Snakemake would run here now: `snakemake --dry-run`. */
export async function wouldRun(
  directory: string,
  args: readonly string[] = [],
): Promise<{ rules: string[]; said: string }> {
  const run = await runFile("snakemake", ["--dry-run", "--cores=1", "--rerun-incomplete", ...args], {
    cwd: directory,
  }).catch((error: { stdout: string; stderr: string }) => error);
  return { rules: rulesRun(run), said: run.stdout + run.stderr };
}

/** `nextstrain build <options> <directory> <args>` */
export function build(
  directory: string,
  options: readonly string[],
  { args = [], env }: { readonly args?: readonly string[]; readonly env: Readonly<Record<string, string>> },
): Promise<ToolResult> {
  return runTool(["build", ...options, directory, ...args], { env, cwd: join(directory, "..") });
}
