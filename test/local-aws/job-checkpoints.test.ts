// Protects that a job's checkpoints send only what is new: the `aws` command, in the job's script, has S3 copy the rest from the last one.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { have } from "../support/have.ts";
import { startLocalAws } from "../support/local-aws.ts";

const run = promisify(execFile);
const tools = ["aws", "bash", "cmp"].every(have) && process.platform === "linux";
const SCRIPT = join(import.meta.dirname, "../../src/runtimes/aws-batch/wrapper/job-wrapper.sh");
const CHECKPOINT = "s3://nextstrain-jobs/run.checkpoint.zip";
const MIB = 1024 * 1024;

test.skipIf(!tools)(
  "what a checkpoint has of the last one is copied by S3 (needs aws, cmp and Linux)",
  async () => {
    await using local = await startLocalAws();
    const at = (name: string) => join(local.scratch, name);
    const env = { ...local.clientEnv, NEXTSTRAIN_JOB_RESULTS: "s3://nextstrain-jobs/run" };
    const aws = async (...args: string[]) => (await run("aws", args, { env })).stdout;
    const stored = async () => {
      await aws("s3", "cp", CHECKPOINT, at("stored"));
      return readFile(at("stored"));
    };
    /** Sends `new` in place of `last`, by the script's functions alone; rejects where it can't be done. */
    const sendRest = (leastSame: number) => {
      const functions = `eval "$(sed '/^# What an image may lack/,$d' "$0")"`;
      const script = `${functions}; least_same=${leastSame}; send_rest "$PWD/last" "$PWD/new"`;
      return run("bash", ["-c", script, SCRIPT], { cwd: local.scratch, env });
    };
    const etag = async () => {
      const head = ["s3api", "head-object", "--bucket=nextstrain-jobs", "--key=run.checkpoint.zip"];
      return JSON.parse(await aws(...head)).ETag;
    };

    const last = randomBytes(20 * MIB);
    const changed = Buffer.concat([
      last.subarray(0, 18 * MIB),
      Buffer.from("and other bytes"),
      randomBytes(MIB),
    ]);
    await writeFile(at("last"), last);
    await writeFile(at("new"), changed);
    await aws("s3", "cp", at("last"), CHECKPOINT);
    const before = await etag();

    // Too little is the same: nothing is done.
    await expect(sendRest(19 * MIB)).rejects.toMatchObject({ code: 1 });
    expect(await etag()).toBe(before);
    await sendRest(6 * MIB);
    expect((await stored()).equals(changed)).toBe(true);
    // In as many parts as it takes: what was copied, and the rest. The command alone sends 8 MiB each.
    expect(before).toMatch(/-3"$/);
    expect(await etag()).toMatch(/-2"$/);

    // The bucket has another one by now, that ends too early.
    await writeFile(at("small"), "small");
    await aws("s3", "cp", at("small"), CHECKPOINT);
    await expect(sendRest(6 * MIB)).rejects.toMatchObject({ code: 1 });
    expect((await stored()).toString()).toBe("small");
    expect(await aws("s3api", "list-multipart-uploads", "--bucket=nextstrain-jobs")).not.toContain(
      "UploadId",
    );
  },
  120_000,
);
