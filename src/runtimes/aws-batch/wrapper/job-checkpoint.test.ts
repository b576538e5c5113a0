// Protects that a job which is killed has left what was complete, and that no checkpoint outlives the results.
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { AWS, canRunJobs, wrappedJobs } from "./testing-job.ts";

describe.skipIf(!canRunJobs)("a wrapped job (needs zip, unzip and Linux)", () => {
  const { at, job, program, results } = wrappedJobs();

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
      existsSync(at("bucket/run.checkpoint.zip")) ? results("run.checkpoint.zip") : {};
    await expect.poll(checkpoint).toEqual({ "d/made.txt": "made\n" });
    first.kill();
    await first.ended;
    expect(results()).toEqual({ "start.txt": "" });

    await rm(at("build"), { recursive: true });
    await mkdir(at("build"));
    const script = "cat d/made.txt > copy.txt; cat .snakemake/metadata/*";
    const second = await job(script, {}, { AWS_BATCH_JOB_ATTEMPT: "2" }, 1);
    expect(await second.ended, second.log()).toBe(0);
    expect(second.log()).toContain("nextstrain: Going on from the last checkpoint of the attempt before.");
    expect(second.log()).toContain("\nnote\n");
    expect(results()).toEqual({ "start.txt": "", "d/made.txt": "made\n", "copy.txt": "made\n" });
    expect(await readdir(at("bucket"))).toEqual(["run.zip"]);
  });

  test("removes a checkpoint that was under way as the results were stored", async () => {
    // It arrives after the results, and whoever sends it hears of that only later.
    const late = `if [[ $* == *checkpoint.zip && $2 == cp ]]; then
        touch "$BUCKET/under-way"; until [[ -e "$BUCKET/stored" ]]; do sleep 0.02; done
        cp "$PWD.checkpoint.zip" "$BUCKET/run.checkpoint.zip"; touch "$BUCKET/arrived"; sleep 1000
      fi`;
    const stored = `if [[ \${!#} == s3://run.zip && $2 == cp ]]; then
        touch "$BUCKET/stored"; until [[ -e "$BUCKET/arrived" ]]; do sleep 0.02; done
      fi`;
    await program("aws", AWS.replace("\n", `\n${late}\n${stored}\n`));
    const wrapped = await job(
      'echo made > made.txt; until [[ -e "$BUCKET/under-way" ]]; do sleep 0.02; done',
      {},
      {},
      1,
    );
    expect(await wrapped.ended, wrapped.log()).toBe(0);
    expect(await readdir(at("bucket"))).not.toContain("run.checkpoint.zip");
    expect(await readdir(at("bucket"))).toContain("arrived");
  });

  test("makes no checkpoint, and says nothing of it, where nothing is new", async () => {
    const wrapped = await job("sleep 2.5", {}, {}, 1);
    expect(await wrapped.ended).toBe(0);
    expect(wrapped.log()).not.toContain("nextstrain:");
  });

  test("makes checkpoints while Snakemake makes nothing, too, and deletes the last once the results are uploaded", async () => {
    const go = at("go");
    const script = `echo made > 'a b.txt'; mkdir d; echo made > d/e.txt; until [ -e ${go} ]; do sleep 0.05; done`;
    const wrapped = await job(script, {}, {}, 1);
    const checkpoint = () =>
      existsSync(at("bucket/run.checkpoint.zip")) ? results("run.checkpoint.zip") : {};
    await expect.poll(checkpoint).toEqual({ "a b.txt": "made\n", "d/e.txt": "made\n" });
    await writeFile(go, "");
    expect(await wrapped.ended).toBe(0);
    expect(await readdir(at("bucket"))).toEqual(["run.zip"]);
  });
});
