import { gzipSync } from "node:zlib";
import { readShippedFile } from "../../../cli/shipped-file.ts";

/** How a job keeps its work. */
export interface Wrapper {
  /** The script, by {@link readWrapper}. */
  readonly script: string;
  /** From one checkpoint to the next; 0: none. */
  readonly checkpointSeconds: number;
  /** How many attempts Batch makes at most. */
  readonly attempts: number;
  /** Whether there is another one after the command has failed; of a job whose computer is taken away, there is. */
  readonly retriesFailures: boolean;
  /** Whether the variables stay in the bucket for other jobs of the run. */
  readonly keepsVariables?: boolean;
}

const ENTRYPOINT = "/sbin/entrypoint-aws-batch";
const UNPACK = 'checkpoint_seconds=$1 attempts=$2 retried=$3; shift 3; eval "$(base64 -d <<<"$0" | gzip -d)"';

/**
 * The script that jobs run in (job-wrapper.sh), as it goes into a job's command: gzipped, in base64, without comments and indentation,
 * since Batch takes 8,192 characters of settings.
 */
export async function readWrapper(): Promise<string> {
  const script = await readShippedFile(new URL("job-wrapper.sh", import.meta.url));
  const lines = script.split("\n").map((line) => line.trim());
  const code = lines.filter((line) => line !== "" && !line.startsWith("#"));
  return gzipSync(code.join("\n"), { level: 9 }).toString("base64");
}

/** A job's command, run by the wrapper's script. */
export function wrap(
  { script, checkpointSeconds, attempts, retriesFailures, keepsVariables }: Wrapper,
  command: readonly string[],
): string[] {
  const retried = keepsVariables ? "kept" : retriesFailures ? "any" : "stopped";
  const settings = [String(checkpointSeconds), String(attempts), retried];
  return ["bash", "-c", UNPACK, script, ...settings, ...command];
}

/** The command that the wrapper's script runs; another command as it is. */
export function unwrap(command: readonly string[]): readonly string[] {
  return command[2] === UNPACK ? command.slice(command.indexOf(ENTRYPOINT)) : command;
}
