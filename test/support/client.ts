import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface ClientResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitStatus: number;
}

/** Runs a client that we did not write. */
export function runClient(
  file: string,
  args: readonly string[],
  { env, cwd }: { env: Readonly<Record<string, string>>; cwd: string },
): Promise<ClientResult> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { env, cwd, encoding: "utf8", maxBuffer: 1 << 26 },
      (_, stdout, stderr) => {
        resolve({ stdout, stderr, exitStatus: child.exitCode ?? -1 });
      },
    );
    child.stdin?.end();
  });
}

/** The first `aws` on the PATH whose version is at least 2: version 1 has no `aws logs tail`. */
export function findAwsVersion2(): string | undefined {
  const candidates = (process.env.PATH ?? "").split(delimiter).map((directory) => join(directory, "aws"));
  return candidates.find((path) => {
    if (!existsSync(path)) return false;
    try {
      return /aws-cli\/[2-9]/.test(execFileSync(path, ["--version"], { encoding: "utf8" }));
    } catch {
      return false;
    }
  });
}

/** Whether python3 can import boto3. */
export function haveBoto3(): boolean {
  try {
    execFileSync("python3", ["-c", "import boto3"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
