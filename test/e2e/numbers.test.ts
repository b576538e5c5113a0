import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { cleanEnvironment, runTool } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";
import { workplace } from "../support/workplace.ts";

const MIB = 1024 ** 2;

/** The program's own files that a command loads, by V8's account of all scripts. */
async function loadedFiles(...args: string[]): Promise<string[]> {
  await using temporary = await tempDir();
  const env = {
    ...cleanEnvironment(temporary.path),
    NODE_V8_COVERAGE: temporary.path,
    AWS_EC2_METADATA_DISABLED: "true",
  };
  await runTool(args, { env, cwd: temporary.path });
  const reports = (await readdir(temporary.path)).filter((name) => name.startsWith("coverage-"));
  const urls = new Set<string>();
  for (const report of reports) {
    const { result } = JSON.parse(await readFile(join(temporary.path, report), "utf8")) as {
      result: readonly { url: string }[];
    };
    for (const { url } of result) if (url.includes("/dist/")) urls.add(fileURLToPath(url));
  }
  return [...urls];
}

async function holdSdk(files: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  return files.filter((_, index) => /@aws-sdk|@smithy|aws-sdk-js/.test(texts[index] ?? ""));
}

describe("start-up", () => {
  test.each([["--version"], ["--help"], ["build", "--help"]])(
    "%s %s loads nothing of the AWS SDK",
    async (...args) => {
      const files = await loadedFiles(...args.filter((arg) => arg !== undefined));
      expect(files.length).toBeGreaterThan(0);
      expect(await holdSdk(files)).toEqual([]);
    },
  );

  test("a command that asks AWS loads it, and is seen to", async () => {
    const files = await loadedFiles("build", "--aws-batch", "--attach", "x", "--no-download");
    expect(await holdSdk(files)).not.toEqual([]);
  });
});

/** Has a program write its peak memory (VmHWM, proc(5)) to the file named by PEAK_FILE as it exits. */
const PRELOAD = `data:text/javascript,${encodeURIComponent(
  'import fs from "node:fs"; process.on("exit", () => fs.writeFileSync(process.env.PEAK_FILE, ' +
    '/VmHWM:\\s*(\\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1]));',
)}`;

/** Writes a file of blocks that are far longer than deflate's window: incompressible, or like FASTA. */
async function writeLarge(file: string, mebibytes: number, like: "noise" | "fasta"): Promise<void> {
  const block = randomBytes(4 * MIB);
  if (like === "fasta")
    for (const [index, byte] of block.entries()) block[index] = "ACGT".charCodeAt(byte & 3);
  await using handle = await open(file, "w");
  for (let written = 0; written < mebibytes; written += 4) await handle.write(block);
}

const measurable = existsSync("/proc/self/status") && have("zip") && have("unzip");

describe.skipIf(!measurable)("memory (needs /proc, zip and unzip)", () => {
  test("stays below 200 MiB while 512 MiB go up, and come back", { timeout: 1_200_000 }, async () => {
    await using place = await workplace();
    for (let index = 0; index < 8; index += 1) {
      await writeLarge(join(place.directory, `${index}.bin`), 64, index % 2 ? "fasta" : "noise");
    }
    // Local AWS is not what is measured.
    await place.run("local-aws", "start");
    const peakFile = join(place.home, "peak");
    const env = { ...place.env, NODE_OPTIONS: `--import=${PRELOAD}`, PEAK_FILE: peakFile };
    const result = await runTool(
      [
        ...["build", "--aws-batch", "--local-aws", "--exec", "sh", place.directory],
        ...["-c", "for file in *.bin; do echo changed >> $file; done"],
      ],
      { env, cwd: place.home },
    );
    expect(result.stderr).toBe("");
    expect(result.exitStatus).toBe(0);
    expect(result.stdout).toMatch(/^Downloading 8 files \(512\.0 MiB\)/m);
    const peak = Number(await readFile(peakFile, "utf8")) / 1024;
    expect(peak).toBeGreaterThan(30);
    expect(peak).toBeLessThan(200);
  });
});
