import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { inside, mapPath } from "./container-paths.ts";
import { applyEnvDirectory } from "./envdir.ts";
import { imagePrograms } from "./image-programs.ts";
import { CopyError, download, remove } from "./s3-copy.ts";
import { findProgram, handlesSigterm, run, say, signalProcess } from "./shell.ts";

/** What a job's process is told on standard input, as JSON. */
export interface JobSpec {
  /** The job's `/nextstrain`, as it is to call it. */
  readonly home: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Where to say why the container could not start. */
  readonly reportFile: string;
}

/** A step of `/sbin/entrypoint` that failed; the message goes to the job's log. */
class EntrypointError extends Error {
  override readonly name = "EntrypointError";
}

// This file is a program of its own: the process that stands for process 1 of a container.
let child: number | undefined;
process.on("SIGTERM", () => {
  // Process 1 gets only signals that it handles: bash, as which the entrypoint of the image runs a build, handles none.
  if (child !== undefined && handlesSigterm(child)) signalProcess(child, "SIGTERM");
});
// The executable's files can't have `await` here. Like that, it ends with 13 where main never does.
process.once("beforeExit", () => {
  process.exitCode ??= 13;
});
void (async () => {
  process.exitCode = await main(JSON.parse(await text(process.stdin)) as JobSpec);
})();

/** What `/sbin/entrypoint` of the image does, and then the command. Resolves to the exit status. */
async function main(spec: JobSpec): Promise<number> {
  try {
    const environment = await loadEnvironment(spec);
    const cwd = mapPath(environment.NEXTSTRAIN_WORKDIR || "/nextstrain/build", spec.home);
    await mkdir(cwd, { recursive: true });
    return await runCommand(spec, cwd, environment);
  } catch (error) {
    if (!(error instanceof EntrypointError || error instanceof CopyError)) throw error;
    say(`entrypoint: ${error.message}`);
    return 1;
  }
}

/** The environment with `NEXTSTRAIN_ENVD_URL` fetched, applied and deleted. */
async function loadEnvironment(spec: JobSpec): Promise<Readonly<Record<string, string>>> {
  const directory = join(spec.home, "env.d");
  const url = spec.environment.NEXTSTRAIN_ENVD_URL;
  if (url) {
    const archive = `${directory}.zip`;
    await download(url, archive, spec.environment);
    const place = { cwd: spec.home, environment: spec.environment };
    const status = await run(["unzip", "-qq", "-o", archive, "-d", directory], place);
    await rm(archive);
    if (status !== 0) throw new EntrypointError(`unzip of ${url} failed with exit status ${status}`);
  }
  const environment = await applyEnvDirectory(directory, spec.environment).catch((error: unknown) => {
    throw new EntrypointError(error instanceof Error ? error.message : String(error));
  });
  if (/^(1|yes|true)$/.test(environment.NEXTSTRAIN_DELETE_ENVD ?? "")) {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory);
    if (url) await remove(url, environment);
  }
  return environment;
}

/** Runs the command as the container's main process. */
async function runCommand(
  spec: JobSpec,
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<number> {
  const withPrograms = await imagePrograms(spec.home);
  const command = withPrograms(inside(spec.command, spec.home));
  const place = { cwd, environment };
  const [program] = command;
  if (program === undefined || findProgram(program, place) === undefined) {
    const what =
      program === undefined
        ? "no command specified"
        : `exec: "${program}": executable file not found in $PATH`;
    await writeFile(spec.reportFile, `CannotStartContainerError: Error response from daemon: ${what}`);
    return 127;
  }
  return run(command, {
    ...place,
    onStart: (pid) => {
      child = pid;
    },
  });
}
