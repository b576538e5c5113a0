import { execFile } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Skip, testEngine } from "./container-engine.ts";
import { have } from "./have.ts";

const build = fileURLToPath(new URL("./image/build.sh", import.meta.url));
const runFile = promisify(execFile);

let image: Promise<string | Skip> | undefined;

/**
 * The name of the image in which tests run jobs and workflows: Debian's Snakemake and Augur behind entrypoints that keep the
 * stock image's contract. Built at its first use on a computer, in minutes, and kept in the engine's store. Where it
 * cannot be had, the reason, for the name of what is skipped.
 */
export function testImage(): Promise<string | Skip> {
  image ??= makeImage();
  return image;
}

async function makeImage(): Promise<string | Skip> {
  const engine = await testEngine();
  if ("skip" in engine) return engine;
  const missing = ["debootstrap", "flock"].filter((program) => !have(program));
  if (missing.length > 0) return { skip: `needs ${missing.join(", ")}` };
  if (process.getuid?.() !== 0) return { skip: "needs root, to make an image from Debian's packages" };
  const directory = await mkdtemp(join(tmpdir(), "nextstrain-image-log-"));
  const path = join(directory, "build.log");
  const log = await open(path, "a");
  try {
    const building = runFile(build, [engine.command], {
      env: { ...process.env, ...engine.env },
      maxBuffer: 64 << 20,
    });
    // It is silent where the image is there.
    building.child.stderr?.once("data", () =>
      process.stderr.write(`Making the image for tests in containers: some minutes (log: ${path})\n`),
    );
    building.child.stderr?.on("data", (chunk: string) => void log.appendFile(chunk));
    const { stdout } = await building;
    await rm(directory, { recursive: true });
    return stdout.trim();
  } catch {
    return { skip: `needs the test image, which could not be built: see ${path}` };
  } finally {
    await log.close();
  }
}
