// Protects that a job which is stopped uploads what it has finished, and nothing that is half made.
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { AWS, canRunJobs, wrappedJobs } from "./testing-job.ts";

describe.skipIf(!canRunJobs)("a wrapped job (needs zip, unzip and Linux)", () => {
  const { at, job, program, results } = wrappedJobs();

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
    expect(await readdir(at("build"))).toEqual(["start.txt"]);
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
      await rm(at("build"), { recursive: true });
      await mkdir(at("build"));
    }
    expect(ends.has(143)).toBe(true);
  });

  test("drops what Snakemake was making, by its markers, and nothing outside of the directory", async () => {
    await writeFile(at("outside.txt"), "mine");
    const marker = (path: string) => Buffer.from(path).toString("base64").replaceAll("/", "_");
    const long = `${"d/".repeat(60)}${"x".repeat(120)}`;
    const encoded = marker(long);
    const commands = [
      `mkdir -p .snakemake/incomplete/@${encoded.slice(0, 254)} half.d ${long.slice(0, 120)}`,
      "echo half > half.txt; echo half > half.d/a; echo whole > whole.txt",
      `echo half > ${long}`,
      ...["half.txt", "half.d", "../outside.txt", at("outside.txt"), "never made.txt"].map(
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
    expect(await readFile(at("outside.txt"), "utf8")).toBe("mine");
    expect(wrapped.log()).toContain("nextstrain: Removed 3 half-made outputs.");
  });

  test("that is stopped before its command has begun uploads nothing", async () => {
    const slow = AWS.replace(/\n"/, '\necho ready; sleep 1000\n"');
    await program("aws", slow);
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
    await program("unzip", unzip);
    const wrapped = await job("touch never.txt", { "start.txt": "whole" });
    await wrapped.seen("ready");
    wrapped.stop();
    expect(await wrapped.ended, wrapped.log()).toBe(143);
    expect(results()).toEqual({ "start.txt": "whole" });
    expect(wrapped.log()).toContain("nextstrain: Stopping: nothing has been made yet.");
  });

  test("that is stopped while zip works starts zip again, quicker, and exits with the command's status", async () => {
    await mkdir(at("slow"));
    execFileSync("sh", ["-c", 'cp "$(command -v sleep)" "$0"', at("slow/zip")]);
    const zip = `#!/bin/bash
        PATH=\${PATH#*:}
        if [[ $1 == -u ]]; then echo ready; exec ${at("slow/zip")} 1000; fi
        exec zip "$@"`;
    await program("zip", zip);
    const wrapped = await job("echo made > made.txt");
    await wrapped.seen("ready");
    wrapped.stop();
    expect(await wrapped.ended).toBe(0);
    expect(results()).toEqual({ "start.txt": "", "made.txt": "made\n" });
  });
});
