import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { localClients } from "./local-clients.ts";
import { cleanEnvironment, type RunningTool, runTool, startTool, type ToolResult } from "./run-tool.ts";
import { tempDir } from "./temp-dir.ts";

/** A home directory with its own local AWS, and a directory to build in. Gone, with all its jobs, after the test. */
export interface Workplace extends AsyncDisposable {
  readonly home: string;
  /** Absolute path of the directory to build. */
  readonly directory: string;
  /** A directory that jobs see, as they don't see the home: by files in it a test tells them to go on. */
  readonly flags: string;
  readonly env: Record<string, string>;
  write(path: string, content: string): Promise<void>;
  read(path: string): Promise<string>;
  /** `nextstrain …` */
  run(...args: string[]): Promise<ToolResult>;
  start(...args: string[]): RunningTool;
  /** `nextstrain build --aws-batch --local-aws --exec sh <directory> -c <script>` */
  build(script: string, ...options: string[]): Promise<ToolResult>;
  startBuild(script: string, ...options: string[]): RunningTool;
  /** Keys of the objects in the default bucket. */
  objects(): Promise<string[]>;
}

export async function workplace(): Promise<Workplace> {
  const temporary = await tempDir();
  const home = join(temporary.path, "home");
  const directory = join(temporary.path, "build");
  await mkdir(directory, { recursive: true });
  const flags = join(temporary.path, "flags");
  await mkdir(home);
  await mkdir(flags);
  const env = cleanEnvironment(home);
  const run = (...args: string[]) => runTool(args, { env, cwd: temporary.path });
  const buildArgs = (script: string, options: readonly string[]) => [
    ...["build", "--aws-batch", "--local-aws", ...options],
    ...["--exec", "sh", directory, "-c", script],
  ];
  return {
    home,
    directory,
    flags,
    env,
    async write(path, content) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), content);
    },
    read: (path) => readFile(join(directory, path), "utf8"),
    run,
    start: (...args) => startTool(args, { env, cwd: temporary.path }),
    build: (script, ...options) => run(...buildArgs(script, options)),
    startBuild: (script, ...options) => startTool(buildArgs(script, options), { env, cwd: temporary.path }),
    async objects() {
      await using clients = await localClients(env);
      const { Contents = [] } = await clients.s3.send(
        new ListObjectsV2Command({ Bucket: "nextstrain-jobs" }),
      );
      return Contents.map(({ Key = "" }) => Key);
    },
    async [Symbol.asyncDispose]() {
      await run("local-aws", "stop");
      await temporary[Symbol.asyncDispose]();
    },
  };
}
