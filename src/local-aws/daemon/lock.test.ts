import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeLock } from "./lock.ts";
import { processStart } from "./process-start.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "lock-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function take() {
  const taken = await takeLock(directory);
  if ("heldBy" in taken) throw new Error(`held by ${taken.heldBy}`);
  return taken.lock;
}

test("a lock that is held names its holder", async () => {
  await take();
  expect(await takeLock(directory)).toEqual({ heldBy: process.pid });
});

test("a lock that was released can be taken again", async () => {
  await (await take()).release();
  await (await take()).release();
  expect(await readdir(directory)).toHaveLength(1);
});

test("of many that try at the same moment, at most one gets it", async () => {
  const results = await Promise.all(Array.from({ length: 8 }, () => takeLock(directory)));
  expect(results.filter((result) => "lock" in result).length).toBeLessThanOrEqual(1);
});

test("the lock of a process that is gone is taken over, also where its id is used again", async () => {
  await symlink(`${process.pid}:an earlier start`, join(directory, "lock.7"));
  await take();
  expect(await readdir(directory)).toEqual(["lock.8"]);
});

test("the lock of another living process is respected until that ends", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  const pid = child.pid ?? 0;
  await symlink(`${pid}:${await processStart(pid)}`, join(directory, "lock.1"));
  expect(await takeLock(directory)).toEqual({ heldBy: pid });
  child.kill("SIGKILL");
  await once(child, "close");
  await take();
});
