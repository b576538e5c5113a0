// Protects the children of array jobs: each runs with arguments of its own, and uploads what it has made, and only that.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { canRunJobs, wrappedJobs } from "./testing-job.ts";

const CHILDREN = [["north"], ["south", "--config", "title=two words\nand 'a line'"], []];

describe.skipIf(!canRunJobs)("a child of an array job (needs zip, unzip, Linux)", () => {
  const { at, job, results } = wrappedJobs();

  /** Runs child 1, or another one. */
  function child(command: string, env: Record<string, string> = {}, checkpointSeconds = 0) {
    const lines = CHILDREN.map((words) =>
      words.map((word) => Buffer.from(word).toString("base64")).join(" "),
    );
    writeFileSync(at("bucket/run.children"), `${lines.join("\n")}\n`);
    const own = { NEXTSTRAIN_AWS_BATCH_CHILDREN_URL: "s3://run.children", AWS_BATCH_JOB_ARRAY_INDEX: "1" };
    return job(command, {}, { ...own, ...env }, checkpointSeconds);
  }
  const names = (archive: string) =>
    execFileSync("unzip", ["-Z1", at(`bucket/${archive}`)], { encoding: "utf8" })
      .trim()
      .split("\n")
      .sort();

  test("has arguments of its own", async () => {
    const { ended } = await child(`printf '%s|' "$0" "$@" > words.txt`);
    expect(await ended).toBe(0);
    expect(results("run.part-1.zip")).toEqual({ "words.txt": `${CHILDREN[1]?.join("|")}|` });
  });

  test("uploads what is new or changed, beside the archive", async () => {
    const before = readFileSync.bind(undefined, at("bucket/run.zip"));
    const { ended, log } = await child(`
      mkdir -p sub/.snakemake/metadata .snakemake/{metadata,locks,log} empty far
      echo new > sub/new.txt; echo linked > far/linked.txt; ln -s ../far/linked.txt sub/link.txt; ln -s start.txt old.txt
      touch {sub/,}.snakemake/metadata/note .snakemake/locks/lock .snakemake/log/log
      echo "$(md5sum <../bucket/run.zip)" >&2`);
    expect(await ended).toBe(0);
    expect(log()).toContain(execFileSync("md5sum", { input: before(), encoding: "utf8" }).trim());
    expect(names("run.zip")).toEqual(["start.txt"]);
    expect(names("run.part-1.zip").filter((name) => !name.endsWith(".use.json"))).toEqual([
      ".snakemake/log/log",
      ".snakemake/metadata/note",
      "empty/",
      "far/linked.txt",
      "old.txt",
      "sub/.snakemake/metadata/note",
      "sub/link.txt",
      "sub/new.txt",
    ]);
    execFileSync("unzip", ["-tqq", at("bucket/run.part-1.zip")]);
  });

  test("that has made nothing uploads an archive without entries", async () => {
    const { ended } = await child("true", { AWS_BATCH_JOB_ARRAY_INDEX: "2" });
    expect(await ended).toBe(0);
    expect(readFileSync(at("bucket/run.part-2.zip"))).toHaveLength(22);
  });

  test("that fails, or is stopped, uploads what it has made, and exits with its status", async () => {
    const failing = await child("echo made > made.txt; exit 3");
    expect(await failing.ended).toBe(3);
    expect(results("run.part-1.zip")).toEqual({ "made.txt": "made\n" });
    const stopped = await child("echo other > other.txt; echo ready; sleep 60", {
      AWS_BATCH_JOB_ARRAY_INDEX: "0",
    });
    await stopped.seen("ready");
    stopped.stop();
    expect(await stopped.ended).toBe(143);
    expect(results("run.part-0.zip")).toMatchObject({ "other.txt": "other\n" });
  });

  test("has a checkpoint of its own", async () => {
    const { ended, kill, seen } = await child("echo made > made.txt; echo ready; sleep 60", {}, 1);
    await seen("ready");
    while (!existsSync(at("bucket/run.part-1.checkpoint.zip")))
      await new Promise((resolve) => setTimeout(resolve, 50));
    kill();
    await ended;
    expect(existsSync(at("bucket/run.part-1.zip"))).toBe(false);
  });

  test("whose arguments can't be fetched runs nothing", async () => {
    const { ended, log } = await child("echo ran", { NEXTSTRAIN_AWS_BATCH_CHILDREN_URL: "s3://none" });
    expect(await ended).toBe(1);
    expect(log()).toContain("nextstrain: The arguments of this child could not be fetched.");
    expect(log()).not.toContain("ran");
  });
});
