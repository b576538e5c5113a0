// Protects that a job runs in the script as it does without, and that one of zip's or of the credentials' failures doesn't cost the results.
import { spawnSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { have } from "../../../../test/support/have.ts";
import { canRunJobs, wrappedJobs } from "./testing-job.ts";

describe.skipIf(!canRunJobs)("a wrapped job (needs zip, unzip and Linux)", () => {
  const { at, job, program, results } = wrappedJobs();

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

  test.each([
    { attempt: 1, end: "exit 0", retriesFailures: true, left: false },
    { attempt: 1, end: "exit 1", retriesFailures: true, left: true },
    { attempt: 1, end: "exit 1", retriesFailures: false, left: false },
    { attempt: 1, end: "stop", retriesFailures: false, left: true },
    { attempt: 3, end: "stop", retriesFailures: false, left: false },
  ])("attempt $attempt of 3 ($end, $retriesFailures) leaves its variables: $left", async (row) => {
    const { attempt, end, retriesFailures } = row;
    await writeFile(at("bucket/env.zip"), "");
    const env = { NEXTSTRAIN_ENVD_URL: "s3://env.zip", AWS_BATCH_JOB_ATTEMPT: String(attempt) };
    const command = end === "stop" ? "echo rea''dy; sleep 1000" : end;
    const wrapped = await job(command, {}, env, 0, { attempts: 3, retriesFailures });
    if (end === "stop") {
      await wrapped.seen("ready");
      wrapped.stop();
    }
    await wrapped.ended;
    expect((await readdir(at("bucket"))).includes("env.zip"), wrapped.log()).toBe(row.left);
  });

  test.each(["AKIAGOOD", "EXPIRED"])(
    "uploads what is new without room for an archive, with key %s",
    async (key) => {
      // As on a full disk: only what flows can be zipped.
      await program(
        "zip",
        '#!/bin/bash\nif [[ " $* " == *" - "* ]]; then exec /usr/bin/zip "$@"; fi; echo "zip I/O error" >&2; exit 14',
      );
      const wrapped = await job(
        "mkdir d; echo made > d/made.txt; exit 3",
        {},
        { AWS_ACCESS_KEY_ID: key, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/role" },
      );
      expect(await wrapped.ended).toBe(1);
      expect(results()).toEqual({ "start.txt": "" });
      expect(results("run.checkpoint.zip"), wrapped.log()).toEqual({ "d/made.txt": "made\n" });
    },
  );

  test("tries with the job's role what the credentials in its environment don't do", async () => {
    const wrapped = await job(
      "echo made > made.txt",
      {},
      { AWS_ACCESS_KEY_ID: "EXPIRED", AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/role" },
    );
    expect(await wrapped.ended).toBe(0);
    expect(results()).toMatchObject({ "made.txt": "made\n" });
    expect(wrapped.log()).toContain("nextstrain: aws failed with the credentials in the job's environment.");
  });
});

test.skipIf(!have("shellcheck"))("shellcheck finds nothing in the scripts (needs shellcheck)", () => {
  const executor = join(import.meta.dirname, "../../../local-aws/batch/executor");
  const scripts = [join(import.meta.dirname, "job-wrapper.sh"), join(executor, "entrypoint-aws-batch.sh")];
  const { stdout } = spawnSync("shellcheck", scripts, { encoding: "utf8" });
  expect(stdout).toBe("");
});
