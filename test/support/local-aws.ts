import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { exportsOf, stop as stopRunning } from "./control.ts";
import { cleanEnvironment, runTool, type ToolResult } from "./run-tool.ts";
import { tempDir } from "./temp-dir.ts";

/** A local AWS of its own for a test, in a home that is gone after it. */
export interface TestLocalAws extends AsyncDisposable {
  readonly endpoint: string;
  readonly stateDirectory: string;
  /** For the built program. */
  readonly env: Readonly<Record<string, string>>;
  /** For any AWS client: what `nextstrain local-aws env` exports, and none of the user's own settings. */
  readonly clientEnv: Readonly<Record<string, string>>;
  /** A directory for the test's files. */
  readonly scratch: string;
  /** `nextstrain local-aws …` */
  run(...args: string[]): Promise<ToolResult>;
}

export async function startLocalAws(...options: string[]): Promise<TestLocalAws> {
  const temporary = await tempDir();
  const env = cleanEnvironment(temporary.path);
  const run = (...args: string[]) => runTool(["local-aws", ...args], { env, cwd: temporary.path });
  const stop = async () => {
    await stopRunning(env).catch(() => false);
    await temporary[Symbol.asyncDispose]();
  };
  const started = await run("start", ...options);
  if (started.exitStatus !== 0) {
    await stop();
    throw new Error(`local AWS did not start: ${started.stderr}`);
  }
  const clientEnv = clientEnvironment(await exportsOf(env));
  return {
    endpoint: clientEnv.AWS_ENDPOINT_URL ?? "",
    stateDirectory: join(temporary.path, ".nextstrain", "local-aws"),
    env,
    clientEnv,
    scratch: temporary.path,
    run,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * For any AWS client, with what `nextstrain local-aws env` printed. The real home stays, since Python's version managers look there;
 * AWS's files in it are hidden.
 */
export function clientEnvironment(exports: string): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^AWS_|_proxy$/i.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
    ...parseExports(exports),
  };
}

/** Lets a shell judge the exports, as a user's would. */
function parseExports(script: string): Record<string, string> {
  const printed = execFileSync("sh", ["-c", `${script}\nenv`], { env: {}, encoding: "utf8" });
  const lines = printed.split("\n").filter((line) => line.startsWith("AWS_"));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
