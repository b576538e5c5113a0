// Protects that a job which is stopped uploads what it has finished, and nothing that is half made; and that one of zip's or of the
// credentials' failures doesn't cost the results.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { have } from "../../../../test/support/have.ts";
import { readWrapper, type Wrapper, wrap } from "./wrap.ts";

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
/** `aws s3 cp FROM TO` and `aws s3 rm URL`; with a key in the environment that is called expired, it fails. */
const AWS = `#!/bin/bash
if [[ $AWS_ACCESS_KEY_ID == EXPIRED ]]; then echo "An error occurred (ExpiredToken)" >&2; exit 1; fi
words=()
for word; do
  case $word in
    --*) ;;
    s3://*) words+=("$BUCKET/\${word#s3://}") ;;
    *) words+=("$word") ;;
  esac
done
"\${words[@]:1}"
`;

let place: string;
let script: string;
const running: ChildProcess[] = [];

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "nextstrain-wrapper-"));
  script = await readWrapper();
  for (const directory of ["bin", "bucket", "build", "start"]) await mkdir(join(place, directory));
  await writeFile(join(place, "entrypoint"), ENTRYPOINT);
  await writeFile(join(place, "bin/aws"), AWS);
  for (const program of ["entrypoint", "bin/aws"]) await chmod(join(place, program), 0o755);
});
afterEach(async () => {
  for (const child of running.splice(0)) kill(child);
  await rm(place, { recursive: true });
});

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

describe.skipIf(!have("zip") || !have("unzip") || process.platform !== "linux")(
  "a wrapped job (needs zip, unzip and Linux)",
  () => {
    test("that isn't stopped runs as without: same log, same exit status, nothing in its environment", async () => {
      const command = "env | sed 's/=.*//' | sort > names.txt; type -t zip >&2; echo made > made.txt; exit 3";
      const wrapped = await job(command, {}, {}, 600);
      expect(await wrapped.ended).toBe(3);
      expect(results()["made.txt"]).toBe("made\n");
      expect(results()["names.txt"]?.trim().split("\n").sort()).toEqual(
        ["BUCKET", "HOME", "LC_ALL", "NEXTSTRAIN_AWS_BATCH_WORKDIR_URL", "PATH", "PWD", "SHLVL", "_"].sort(),
      );
      expect(wrapped.log()).not.toMatch(/nextstrain:|Killed|Terminated/);
      const traced = wrapped.log().match(/^\+ [a-z].*$/gm) ?? [];
      expect(traced.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
        "+ aws s3",
        "+ unzip -:",
        "+ status=0",
        "+ bash -c",
        "+ status=3",
        "+ zip -u",
        "+ zip -u",
        "+ aws s3",
        "+ exit 3",
      ]);
      expect(wrapped.log()).toContain("\nfile\n");
    });

    test("that is stopped uploads what it has made, and exits with 143", async () => {
      const wrapped = await job("echo made > made.txt; echo rea''dy; sleep 1000", {}, {}, 600);
      await wrapped.seen("ready");
      wrapped.stop();
      expect(await wrapped.ended, wrapped.log()).toBe(143);
      expect(results()).toEqual({ "start.txt": "", "made.txt": "made\n" });
      expect(wrapped.log()).toContain("nextstrain: Stopping: what is finished will be uploaded.");
    });

    test("that is stopped ends all that runs below it: what ignores SIGTERM, and what has a session of its own", async () => {
      const stubborn =
        "trap '' TERM; (trap '' TERM; setsid sh -c 'sleep 3; touch late.txt') & echo rea''dy; sleep 3; wait";
      const wrapped = await job(`bash -c "${stubborn}"; touch after.txt`);
      await wrapped.seen("ready");
      wrapped.stop();
      expect(await wrapped.ended, wrapped.log()).toBe(143);
      await new Promise((resolve) => setTimeout(resolve, 3500));
      expect(await readdir(join(place, "build"))).toEqual(["start.txt"]);
    });

    test("that is stopped at any moment uploads whole files or none", async () => {
      const ends = new Set<number>();
      for (let delay = 0; delay < 400; delay += 20) {
        const files = Array.from({ length: 20 }, (_, index) => index);
        const make = files.map(
          (file) => `echo ${file} > ${file}.part; mv ${file}.part ${file}.txt; sleep 0.01`,
        );
        const wrapped = await job(make.join("; "));
        await new Promise((resolve) => setTimeout(resolve, delay));
        wrapped.stop();
        const end = await wrapped.ended;
        ends.add(end);
        expect([0, 143], wrapped.log()).toContain(end);
        const made = Object.entries(results()).filter(([name]) => /^[0-9]+\.txt$/.test(name));
        for (const [name, content] of made) expect(`${content.trim()}.txt`).toBe(name);
        if (end === 0) expect(made).toHaveLength(files.length);
        await rm(join(place, "build"), { recursive: true });
        await mkdir(join(place, "build"));
      }
      expect(ends.has(143)).toBe(true);
    });

    test("drops what Snakemake was making, by its markers, and nothing outside of the directory", async () => {
      await writeFile(join(place, "outside.txt"), "mine");
      const marker = (path: string) => Buffer.from(path).toString("base64").replaceAll("/", "_");
      const long = `${"d/".repeat(60)}${"x".repeat(120)}`;
      const encoded = marker(long);
      const commands = [
        `mkdir -p .snakemake/incomplete/@${encoded.slice(0, 254)} half.d ${long.slice(0, 120)}`,
        "echo half > half.txt; echo half > half.d/a; echo whole > whole.txt",
        `echo half > ${long}`,
        ...["half.txt", "half.d", "../outside.txt", join(place, "outside.txt"), "never made.txt"].map(
          (path) => `touch .snakemake/incomplete/${marker(path)}`,
        ),
        `touch .snakemake/incomplete/@${encoded.slice(0, 254)}/${encoded.slice(254)}`,
        "echo rea''dy; sleep 1000",
      ];
      const wrapped = await job(commands.join("; "));
      await wrapped.seen("ready");
      wrapped.stop();
      expect(await wrapped.ended, wrapped.log()).toBe(143);
      expect(results()).toEqual({ "start.txt": "", "whole.txt": "whole\n" });
      expect(await readFile(join(place, "outside.txt"), "utf8")).toBe("mine");
      expect(wrapped.log()).toContain("nextstrain: Removed 3 half-made outputs.");
    });

    test("that is stopped before its command has begun uploads nothing", async () => {
      const slow = AWS.replace(/\n"/, '\necho ready; sleep 1000\n"');
      await writeFile(join(place, "bin/aws"), slow);
      const wrapped = await job("touch never.txt");
      await wrapped.seen("ready");
      wrapped.stop();
      expect(await wrapped.ended, wrapped.log()).toBe(143);
      expect(results()).toEqual({ "start.txt": "" });
    });

    test("that is stopped while its archive is unpacked uploads nothing, least of all half a file", async () => {
      const unzip = `#!/bin/bash
        PATH=\${PATH#*:}
        if [[ $* == *-x* ]]; then echo half > start.txt; echo ready; sleep 1000; fi
        exec unzip "$@"`;
      await writeFile(join(place, "bin/unzip"), unzip);
      await chmod(join(place, "bin/unzip"), 0o755);
      const wrapped = await job("touch never.txt", { "start.txt": "whole" });
      await wrapped.seen("ready");
      wrapped.stop();
      expect(await wrapped.ended, wrapped.log()).toBe(143);
      expect(results()).toEqual({ "start.txt": "whole" });
      expect(wrapped.log()).toContain("nextstrain: Stopping: nothing has been made yet.");
    });

    test("that is stopped while zip works starts zip again, quicker, and exits with the command's status", async () => {
      await mkdir(join(place, "slow"));
      execFileSync("sh", ["-c", 'cp "$(command -v sleep)" "$0"', join(place, "slow/zip")]);
      const zip = `#!/bin/bash
        PATH=\${PATH#*:}
        if [[ $1 == -u ]]; then echo ready; exec ${join(place, "slow/zip")} 1000; fi
        exec zip "$@"`;
      await writeFile(join(place, "bin/zip"), zip);
      await chmod(join(place, "bin/zip"), 0o755);
      const wrapped = await job("echo made > made.txt");
      await wrapped.seen("ready");
      wrapped.stop();
      expect(await wrapped.ended).toBe(0);
      expect(results()).toEqual({ "start.txt": "", "made.txt": "made\n" });
    });

    test("that is killed has left a checkpoint of what was complete, and its next attempt goes on from it", async () => {
      const making = Buffer.from("making.txt").toString("base64");
      const first = await job(
        [
          "mkdir -p .snakemake/incomplete .snakemake/metadata d",
          `echo half > making.txt; touch .snakemake/incomplete/${making}`,
          "echo made > d/made.txt; echo note > .snakemake/metadata/bWFkZQ==",
          "touch -d '1 hour ago' d/made.txt",
          "while :; do echo more >> growing.txt; sleep 0.01; done",
        ].join("; "),
        {},
        {},
        1,
      );
      const checkpoint = () =>
        existsSync(join(place, "bucket/run.checkpoint.zip")) ? results("run.checkpoint.zip") : {};
      await expect.poll(checkpoint).toEqual({ "d/made.txt": "made\n" });
      first.kill();
      await first.ended;
      expect(results()).toEqual({ "start.txt": "" });

      await rm(join(place, "build"), { recursive: true });
      await mkdir(join(place, "build"));
      const script = "cat d/made.txt > copy.txt; cat .snakemake/metadata/*";
      const second = await job(script, {}, { AWS_BATCH_JOB_ATTEMPT: "2" }, 1);
      expect(await second.ended, second.log()).toBe(0);
      expect(second.log()).toContain("nextstrain: Going on from the last checkpoint of the attempt before.");
      expect(second.log()).toContain("\nnote\n");
      expect(results()).toEqual({ "start.txt": "", "d/made.txt": "made\n", "copy.txt": "made\n" });
      expect(await readdir(join(place, "bucket"))).toEqual(["run.zip"]);
    });

    test("makes no checkpoint, and says nothing of it, where nothing is new", async () => {
      const wrapped = await job("sleep 2.5", {}, {}, 1);
      expect(await wrapped.ended).toBe(0);
      expect(wrapped.log()).not.toContain("nextstrain:");
    });

    test("makes checkpoints while Snakemake makes nothing, too, and deletes the last once the results are uploaded", async () => {
      const go = join(place, "go");
      const script = `echo made > 'a b.txt'; mkdir d; echo made > d/e.txt; until [ -e ${go} ]; do sleep 0.05; done`;
      const wrapped = await job(script, {}, {}, 1);
      const checkpoint = () =>
        existsSync(join(place, "bucket/run.checkpoint.zip")) ? results("run.checkpoint.zip") : {};
      await expect.poll(checkpoint).toEqual({ "a b.txt": "made\n", "d/e.txt": "made\n" });
      await writeFile(go, "");
      expect(await wrapped.ended).toBe(0);
      expect(await readdir(join(place, "bucket"))).toEqual(["run.zip"]);
    });

    test("leaves out what zip can't read, and a cycle of links, with a line in the log", async () => {
      const wrapped = await job(
        "echo made > made.txt; mkdir -p d/e; echo in > d/e/in.txt; ln -s ../.. d/e/round; ln -s nowhere gone.txt",
      );
      expect(await wrapped.ended).toBe(0);
      expect(results()).toEqual({ "start.txt": "", "made.txt": "made\n", "d/e/in.txt": "in\n" });
      expect(wrapped.log()).toContain(
        "nextstrain: Left out ./d/e/round: it leads back to a directory that it is in.",
      );
    });

    test("tries with the job's role what the credentials in its environment don't do", async () => {
      const wrapped = await job(
        "echo made > made.txt",
        {},
        { AWS_ACCESS_KEY_ID: "EXPIRED", AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/role" },
      );
      expect(await wrapped.ended).toBe(0);
      expect(results()).toMatchObject({ "made.txt": "made\n" });
      expect(wrapped.log()).toContain(
        "nextstrain: aws failed with the credentials in the job's environment.",
      );
    });
  },
);

test.skipIf(!have("shellcheck"))("shellcheck finds nothing in the scripts (needs shellcheck)", () => {
  const executor = join(import.meta.dirname, "../../../local-aws/batch/executor");
  const scripts = [join(import.meta.dirname, "job-wrapper.sh"), join(executor, "entrypoint-aws-batch.sh")];
  const { stdout } = spawnSync("shellcheck", scripts, { encoding: "utf8" });
  expect(stdout).toBe("");
});
