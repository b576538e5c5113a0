import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { have } from "../../../../test/support/have.ts";
import { readWrapper, type Wrapper, wrap } from "./wrap.ts";

/** What wrapped jobs need. */
export const canRunJobs = have("zip") && have("unzip") && process.platform === "linux";

/** As the image's: the archive comes from and goes to a file beside the bucket's name. */
const ENTRYPOINT = `#!/bin/bash
set -euo pipefail
set -x
aws s3 cp s3://run.zip "$PWD.zip"
unzip -: -o "$PWD.zip"
status=0
"$@" || status=$?
zip -u "$PWD.zip" -r . --exclude ".snakemake/*" || [[ $? -eq 12 ]]
zip -u "$PWD.zip" -r . --include ".snakemake/log/*" ".snakemake/metadata/*" || [[ $? -eq 12 ]]
aws s3 cp "$PWD.zip" s3://run.zip
exit "$status"
`;
/** `aws s3 cp FROM TO`, also from `-`, and `aws s3 rm URL`; with a key in the environment that is called expired, it fails. */
export const AWS = `#!/bin/bash
if [[ $AWS_ACCESS_KEY_ID == EXPIRED ]]; then echo "An error occurred (ExpiredToken)" >&2; exit 1; fi
words=()
for word; do
  case $word in
    --*) ;;
    s3://*) words+=("$BUCKET/\${word#s3://}") ;;
    -) words+=(/dev/stdin) ;;
    *) words+=("$word") ;;
  esac
done
"\${words[@]:1}"
`;

/** For each test a place of its own, with a bucket (a directory), where jobs run in the script; those that still run end with it. */
export function wrappedJobs() {
  let place: string;
  let script: string;
  const running: ChildProcess[] = [];

  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), "nextstrain-wrapper-"));
    script = await readWrapper();
    for (const directory of ["bin", "bucket", "build", "start"]) await mkdir(join(place, directory));
    await program("../entrypoint", ENTRYPOINT);
    await program("aws", AWS);
  });
  afterEach(async () => {
    for (const child of running.splice(0)) kill(child);
    await rm(place, { recursive: true });
  });

  /** Puts a program of bash's where the job finds it first. */
  async function program(name: string, content: string): Promise<void> {
    const file = join(place, "bin", name);
    await writeFile(file, content);
    await chmod(file, 0o755);
  }

  function kill({ pid }: ChildProcess): void {
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }

  /** Runs a command of bash's in a job that begins with these files. */
  async function job(
    command: string,
    files: Record<string, string> = {},
    env: Record<string, string> = {},
    checkpointSeconds = 0,
    settings: Partial<Wrapper> = {},
  ) {
    for (const [name, content] of Object.entries({ "start.txt": "", ...files })) {
      await writeFile(join(place, "start", name), content);
    }
    execFileSync("zip", ["-qr", join(place, "bucket/run.zip"), "."], { cwd: join(place, "start") });
    const [program = "", ...args] = wrap(
      { script, checkpointSeconds, attempts: 1, retriesFailures: false, ...settings },
      [join(place, "entrypoint"), "bash", "-c", command],
    );
    const child = spawn(program, args, {
      cwd: join(place, "build"),
      env: {
        PATH: `${join(place, "bin")}:${process.env.PATH}`,
        BUCKET: join(place, "bucket"),
        NEXTSTRAIN_AWS_BATCH_WORKDIR_URL: "s3://run.zip",
        HOME: place,
        LC_ALL: "C.UTF-8",
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own, to be killed as one.
      detached: true,
    });
    running.push(child);
    let log = "";
    const waiting: (() => void)[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (bytes: Buffer) => {
        log += bytes;
        for (const wake of waiting.splice(0)) wake();
      });
    }
    const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 143)));
    return {
      log: () => log,
      /** Resolves once the log has it. */
      async seen(text: string) {
        while (!log.includes(text)) await new Promise<void>((resolve) => waiting.push(resolve));
      },
      stop: () => child.kill("SIGTERM"),
      kill: () => kill(child),
      ended,
    };
  }

  /** The files of an archive in the bucket, by default the results, but those of Snakemake's: content by name. */
  function results(archive = "run.zip"): Record<string, string> {
    const zip = join(place, "bucket", archive);
    const names = execFileSync("unzip", ["-Z1", zip], { encoding: "utf8" }).trim().split("\n");
    const files = names.filter((name) => !name.endsWith("/") && !name.startsWith(".snakemake/"));
    return Object.fromEntries(
      files.map((name) => [name, execFileSync("unzip", ["-p", zip, name], { encoding: "utf8" })]),
    );
  }
  return {
    /** The path of what is in the place: `bucket/`, `build/` (the job's directory), `bin/` (before all else on its PATH). */
    at: (path: string) => join(place, path),
    program,
    job,
    results,
  };
}
