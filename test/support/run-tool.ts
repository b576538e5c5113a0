import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The built program's entry. */
export const program = fileURLToPath(new URL("../../bin/nextstrain.js", import.meta.url));

export interface ToolOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Standard input: empty unless said otherwise, or a pipe that nobody writes to or closes. */
  readonly stdin?: "empty" | "open";
}

export interface ToolResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status, or undefined where a signal ended it. */
  readonly exitStatus: number | undefined;
}

export interface RunningTool {
  readonly child: ChildProcess;
  /** Resolves as soon as standard output or error matches; fails where the program ends first. */
  seen(pattern: RegExp): Promise<void>;
  /** What it has written so far. */
  said(): Pick<ToolResult, "stdout" | "stderr">;
  readonly ended: Promise<ToolResult>;
}

/** Environment of a test: nothing of the user's AWS or Nextstrain settings, and no files of theirs. */
export function cleanEnvironment(home: string): Record<string, string> {
  const { PATH = "", TMPDIR } = process.env;
  return {
    PATH,
    HOME: home,
    NEXTSTRAIN_HOME: `${home}/.nextstrain`,
    LANG: "C.UTF-8",
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
  };
}

/** Starts the built program. */
export function startTool(args: readonly string[], { env, cwd, stdin }: ToolOptions = {}): RunningTool {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...env } as NodeJS.ProcessEnv,
    stdio: [stdin === "open" ? "pipe" : "ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  const watchers = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
      for (const watcher of watchers) watcher();
    });
  }
  const ended = new Promise<ToolResult>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ ...text, exitStatus: code ?? undefined }));
  });
  const seen = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!pattern.test(text.stdout) && !pattern.test(text.stderr)) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
      ended.then(
        () => reject(new Error(`ended before ${pattern} was seen:\n${text.stdout}\n${text.stderr}`)),
        reject,
      );
    });
  return { child, seen, said: () => ({ ...text }), ended };
}

/** Runs the built program to its end. */
export function runTool(args: readonly string[], options?: ToolOptions): Promise<ToolResult> {
  return startTool(args, options).ended;
}

/** The run id that a build prints first; "" where it got no further. */
export const runIdOf = ({ stdout }: Pick<ToolResult, "stdout">) =>
  /^Nextstrain Run ID: (\S+)$/m.exec(stdout)?.[1] ?? "";

/** The job's id, as a build says it. */
export function jobIdOf({ stdout }: Pick<ToolResult, "stdout">): string {
  const id = /^AWS Batch Job ID: (\S+)$/m.exec(stdout)?.[1];
  if (id === undefined) throw new Error(`no job id in:\n${stdout}`);
  return id;
}
