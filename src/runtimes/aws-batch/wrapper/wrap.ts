import { readShippedFile } from "../../../cli/shipped-file.ts";

/**
 * The script that jobs begin with (job-wrapper.sh), as it goes into a job's command: without comments and indentation, since Batch
 * takes 8,192 characters of settings.
 */
export async function readWrapper(): Promise<string> {
  const script = await readShippedFile(new URL("job-wrapper.sh", import.meta.url));
  return script
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join("\n");
}

/** A job's command, run by the wrapper's script. */
export function wrap(script: string, command: readonly string[]): string[] {
  return ["bash", "-c", script, "-", ...command];
}

/** The command that the wrapper's script runs; another command as it is. */
export function unwrap(command: readonly string[]): readonly string[] {
  const [shell, option, , name] = command;
  return shell === "bash" && option === "-c" && name === "-" ? command.slice(4) : command;
}
