import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { have } from "../../../../test/support/have.ts";
import { buildEntrypoint } from "../testing/build-entrypoint.ts";
import { temporaryDirectory } from "../testing/fakes.ts";
import { type S3Stub, startS3Stub } from "../testing/s3-stub.ts";
import { createProcessExecutor } from "./process-executor.ts";
import { chooseSandbox, mappedSandbox } from "./sandbox.ts";

const path = process.env.PATH ?? "";
const directory = await temporaryDirectory();
const best = await chooseSandbox({ scratch: join(directory.path, "trial"), path });
const sandboxes = best.kind === "namespace" ? [best, mappedSandbox] : [mappedSandbox];
const url = "s3://bucket/some dir/run.zip";
const key = "/bucket/some dir/run.zip";
let entrypoint: string;
let s3: S3Stub;
let runs = 0;

beforeAll(async () => {
  entrypoint = await buildEntrypoint(directory.path);
});
afterAll(() => directory[Symbol.asyncDispose]());
beforeEach(async () => {
  s3 = await startS3Stub();
});
afterEach(() => s3[Symbol.asyncDispose]());

/** A ZIP of files with these contents, each name relative to a directory two levels down. */
async function zipOf(files: Record<string, string>): Promise<Buffer> {
  const top = await mkdtemp(join(directory.path, "zip-"));
  const build = join(top, "build");
  await mkdir(build);
  for (const [name, content] of Object.entries(files)) {
    const file = join(build, name);
    await mkdir(name.endsWith("/") ? file : dirname(file), { recursive: true });
    if (!name.endsWith("/")) await writeFile(file, content);
  }
  execFileSync("zip", ["-q", join(top, "it.zip"), ...Object.keys(files)], { cwd: build });
  return readFile(join(top, "it.zip"));
}

async function contentOf(zip: Buffer, name: string): Promise<string> {
  const file = join(await mkdtemp(join(directory.path, "read-")), "it.zip");
  await writeFile(file, zip);
  return execFileSync("unzip", ["-p", file, name], { encoding: "utf8" });
}

async function namesIn(zip: Buffer): Promise<readonly string[]> {
  const file = join(await mkdtemp(join(directory.path, "list-")), "it.zip");
  await writeFile(file, zip);
  return execFileSync("unzip", ["-Z1", file], { encoding: "utf8" }).trim().split("\n");
}

describe
  .skipIf(!have("zip") || !have("unzip"))
  .each(sandboxes.map((sandbox) => [sandbox.kind, sandbox] as const))(
  "the entrypoint in a %s sandbox (needs zip and unzip)",
  (_kind, sandbox) => {
    async function run(
      command: readonly string[],
      environment: Record<string, string> = {},
      stopAt?: string,
    ) {
      const lines: string[] = [];
      const executor = createProcessExecutor({
        scratch: join(directory.path, "trial"),
        entrypoint,
        path,
        stopTimeoutMs: 20,
        sandbox,
        now: () => 1_800_000_000_000,
        log: (message) => lines.push(`executor: ${message}`),
      });
      const jobId = `entry-${++runs}-${process.pid}`;
      const container = executor.run({
        jobId,
        number: 1,
        directory: join(directory.path, jobId, "1"),
        image: "nextstrain/base",
        size: { vcpus: 1, memoryMiB: 64 },
        command,
        environment: {
          TZ: "UTC",
          AWS_ENDPOINT_URL: s3.endpoint,
          AWS_ACCESS_KEY_ID: "AKIAJOB",
          AWS_SECRET_ACCESS_KEY: "job-secret",
          AWS_BATCH_JOB_ID: jobId,
          ...environment,
        },
        append: async (events) => {
          lines.push(...events.map(({ message }) => message));
          if (stopAt !== undefined && lines.includes(stopAt)) container.stop();
        },
      });
      return { ...(await container.ended), lines };
    }
    const build = (script: string, environment: Record<string, string> = {}, stopAt?: string) =>
      run(
        ["/sbin/entrypoint-aws-batch", "env", "--chdir", "/nextstrain/build", "--", "sh", "-c", script],
        { NEXTSTRAIN_AWS_BATCH_WORKDIR_URL: url, ...environment },
        stopAt,
      );
    const result = () => {
      const object = s3.objects.get(key);
      if (object === undefined) throw new Error("no result");
      return object;
    };

    test("runs the command on the uploaded files and brings the results back in the same ZIP", async () => {
      s3.objects.set(key, await zipOf({ "in/data.txt": "hello\n" }));
      const { exitCode, lines } = await build("tr a-z A-Z < in/data.txt > out.txt; mkdir new; echo done");
      expect(lines.at(-1)).toBe("+ exit 0");
      expect(exitCode).toBe(0);
      expect(lines).toContain("done");
      expect(lines.some((line) => /^\+ (env --chdir|sh -c) .*nextstrain\/build .*sh -c '/.test(line))).toBe(
        true,
      );
      expect(await contentOf(result(), "out.txt")).toBe("HELLO\n");
      expect(await namesIn(result())).toContain("new/");
      expect(s3.requests).toEqual([`GET ${key}`, `PUT ${key}`]);
    });

    test("takes of .snakemake only log, metadata and storage", async () => {
      s3.objects.set(key, await zipOf({ Snakefile: "" }));
      await build("mkdir -p .snakemake/log .snakemake/conda; touch .snakemake/log/a .snakemake/conda/b");
      const names = await namesIn(result());
      expect(names).toContain(".snakemake/log/a");
      expect(names).not.toContain(".snakemake/conda/b");
    });

    test("uploads the results of a command that fails, and ends with its status", async () => {
      s3.objects.set(key, await zipOf({ a: "1" }));
      const { exitCode, lines } = await build("echo partial > b; exit 9");
      expect(exitCode).toBe(9);
      expect(lines.at(-1)).toBe("+ exit 9");
      expect(await contentOf(result(), "b")).toBe("partial\n");
    });

    test("a command that is missing ends with 127, and the ZIP is uploaded all the same", async () => {
      s3.objects.set(key, await zipOf({ a: "1" }));
      const command = [
        "/sbin/entrypoint-aws-batch",
        "env",
        "--chdir",
        "/nextstrain/build",
        "--",
        "no-such-program",
      ];
      const { exitCode } = await run(command, { NEXTSTRAIN_AWS_BATCH_WORKDIR_URL: url });
      expect(exitCode).toBe(127);
      expect(s3.requests).toContain(`PUT ${key}`);
    });

    test("a file that zip cannot read ends it with 18, and nothing is uploaded", async () => {
      s3.objects.set(key, await zipOf({ a: "1" }));
      const bin = await mkdtemp(join(directory.path, "bin-"));
      await writeFile(join(bin, "zip"), "#!/bin/sh\necho zip warning: could not open\nexit 18\n", {
        mode: 0o755,
      });
      const { exitCode, lines } = await build("true", { PATH: `${bin}:${path}` });
      expect(exitCode).toBe(18);
      expect(lines.some((line) => line.startsWith("+ exit"))).toBe(false);
      expect(s3.requests).toEqual([`GET ${key}`]);
    });

    test("an overlay's directory entry lets its files land beside the working directory", async () => {
      s3.objects.set(key, await zipOf({ "../augur/": "", "../augur/new.py": "new", a: "" }));
      const { lines } = await build('cat "$HOME/augur/new.py"; echo; ls "$HOME/augur"');
      expect(lines).toContainEqual(expect.stringMatching(/^\+ rm -rf \S*\/nextstrain\/augur$/));
      expect(lines).not.toContainEqual(expect.stringMatching(/^\+ rm -rf .*auspice/));
      expect(lines.slice(lines.indexOf("new")).slice(0, 2)).toEqual(["new", "new.py"]);
    });

    test("ignores SIGTERM; killed, it uploads nothing", async () => {
      s3.objects.set(key, await zipOf({ a: "1" }));
      const { exitCode } = await build("echo ready; sleep 1000", {}, "ready");
      expect(exitCode).toBe(137);
      expect(s3.requests).toEqual([`GET ${key}`]);
    });

    test("a ZIP that is missing is an error before anything runs", async () => {
      const { exitCode, lines } = await build("echo never");
      expect(exitCode).toBe(1);
      expect(lines.at(-1)).toMatch(/^fatal error: An error occurred \(NoSuchKey\)/);
      expect(lines).not.toContain("never");
    });

    test("tries again when S3 fails for a moment", async () => {
      s3.objects.set(key, await zipOf({ a: "1" }));
      s3.failures.push(503);
      expect((await build("true")).exitCode).toBe(0);
      expect(s3.requests).toEqual([`GET ${key}`, `GET ${key}`, `PUT ${key}`]);
    });

    test("says so when zip is not installed, before anything runs", async () => {
      const bin = await mkdtemp(join(directory.path, "bin-"));
      const bash = execFileSync("sh", ["-c", "command -v bash"], { encoding: "utf8" }).trim();
      await symlink(bash, join(bin, "bash"));
      const { exitCode, lines } = await build("echo never", { PATH: bin });
      expect(exitCode).toBe(127);
      expect(lines).toEqual([expect.stringMatching(/unzip is not installed/)]);
      expect(s3.requests).toEqual([]);
    });

    test("env.d sets and unsets variables, and is deleted with its ZIP where asked", async () => {
      const secret = "/bucket/run-env.d.zip";
      s3.objects.set(secret, await zipOf({ SECRET: "top  \nsecond line\n", GONE: "", LINES: "a\0b" }));
      const script = 'echo "[$SECRET]" "[$(printenv GONE || echo unset)]" "[$LINES]"; ls "$HOME/env.d"';
      const { exitCode, lines } = await run(["sh", "-c", script], {
        GONE: "here",
        NEXTSTRAIN_ENVD_URL: `s3:/${secret}`,
        NEXTSTRAIN_DELETE_ENVD: "1",
      });
      expect(lines).toEqual(["[top] [unset] [a", "b]"]);
      expect(exitCode).toBe(0);
      expect(s3.objects.has(secret)).toBe(false);
      const second = await run(["true"], {
        NEXTSTRAIN_ENVD_URL: `s3:/${secret}`,
        NEXTSTRAIN_DELETE_ENVD: "1",
      });
      expect(second.exitCode).toBe(1);
    });

    test("NEXTSTRAIN_WORKDIR is made and entered", async () => {
      const { lines } = await run(["pwd"], { NEXTSTRAIN_WORKDIR: "/nextstrain/build/deep/er" });
      expect(lines[0]).toMatch(/\/nextstrain\/build\/deep\/er$/);
    });
  },
);
