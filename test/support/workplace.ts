import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { stop } from "./control.ts";
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
  /** Another directory to build in, with flags of its own, at the same home and local AWS. It goes when this one does. */
  another(): Promise<Workplace>;
}

export async function workplace(): Promise<Workplace> {
  const temporary = await tempDir();
  const home = join(temporary.path, "home");
  await mkdir(home);
  const env = cleanEnvironment(home);
  const first = await placeIn(temporary.path, { home, env });
  return {
    ...first,
    async [Symbol.asyncDispose]() {
      // One that hangs ends with the tests' computer; the directory goes all the same.
      await stop(env).catch(() => false);
      await temporary[Symbol.asyncDispose]();
    },
  };
}

async function placeIn(path: string, { home, env }: Pick<Workplace, "home" | "env">): Promise<Workplace> {
  const directory = join(path, "build");
  const flags = join(path, "flags");
  await mkdir(directory);
  await mkdir(flags);
  let others = 0;
  const run = (...args: string[]) => runTool(args, { env, cwd: path });
  const buildArgs = (script: string, options: readonly string[]) => [
    ...["build", "--aws-batch", "--local-aws", ...options],
    ...["--exec", "sh", directory, "-c", script],
  ];
  return {
    home,
    directory,
    flags,
    env,
    async write(name, content) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), content);
    },
    read: (name) => readFile(join(directory, name), "utf8"),
    run,
    start: (...args) => startTool(args, { env, cwd: path }),
    build: (script, ...options) => run(...buildArgs(script, options)),
    startBuild: (script, ...options) => startTool(buildArgs(script, options), { env, cwd: path }),
    async objects() {
      await using clients = await localClients(env);
      const { Contents = [] } = await clients.s3.send(
        new ListObjectsV2Command({ Bucket: "nextstrain-jobs" }),
      );
      return Contents.map(({ Key = "" }) => Key);
    },
    async another() {
      const other = join(path, `other-${++others}`);
      await mkdir(other);
      return placeIn(other, { home, env });
    },
    async [Symbol.asyncDispose]() {},
  };
}
