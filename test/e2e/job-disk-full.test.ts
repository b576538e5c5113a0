// Protects the results of a job whose disk has no room for their archive.
import { execFile, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { have } from "../support/have.ts";
import { program } from "../support/run-tool.ts";
import { workplace } from "../support/workplace.ts";

const run = promisify(execFile);
const MOUNT = 'mkdir -p "$0" && mount -t tmpfs -o size=40m tmpfs "$0"';
const canMount = spawnSync("unshare", ["--mount", "sh", "-c", MOUNT, "/mnt"]).status === 0;
const can = canMount && ["zip", "unzip"].every(have);

test.skipIf(!can)(
  "results without room for an archive come home (needs zip, unzip, and a mount of its own)",
  async () => {
    await using place = await workplace();
    await place.write("start.txt", "");
    const jobs = join(place.home, ".nextstrain/local-aws/batch/jobs");
    // Jobs have a small disk of their own, which only they and the server see.
    const start = `${MOUNT} && exec "$1" "$2" local-aws start`;
    await run("unshare", ["--mount", "sh", "-c", start, jobs, process.execPath, program], { env: place.env });

    const made = "mkdir d && head -c 30M /dev/urandom > d/large && md5sum < d/large > sum";
    const result = await place.build(made);
    const said = result.stdout + result.stderr;
    expect(result.exitStatus, said).not.toBe(0);
    expect(said).toContain("nextstrain: zip failed. Uploading what is new without an archive on the disk.");
    expect(said).toMatch(/^The job's results could not be uploaded; its last checkpoint.*, is here\./m);
    const { stdout: sum } = await run("sh", ["-c", "md5sum < d/large"], { cwd: place.directory });
    expect(await readFile(join(place.directory, "sum"), "utf8")).toBe(sum);
  },
);
