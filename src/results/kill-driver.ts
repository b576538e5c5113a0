// Run by kill.test.ts as a process of its own: brings a job's results back, and kills itself at the n-th step on the disk.
import fs from "node:fs";
import promises from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { archiveOf, bringBack } from "./test-support.ts";
import type { RunFiles } from "./types.ts";

type Step = (...args: unknown[]) => unknown;

const [root = "", killAt = "0"] = process.argv.slice(2);
const { job, uploaded } = JSON.parse(fs.readFileSync(0, "utf8"));
let steps = 0;

function killInTime(holder: object, name: string): void {
  const methods = holder as Record<string, Step>;
  const original = methods[name] as Step;
  methods[name] = function (this: unknown, ...args) {
    if (++steps === Number(killAt)) process.kill(process.pid, "SIGKILL");
    return Reflect.apply(original, this, args);
  };
}

const handle = await promises.open(new URL(import.meta.url));
for (const name of ["write", "chmod", "utimes", "close"]) killInTime(Object.getPrototypeOf(handle), name);
for (const name of ["open", "rename", "rm", "utimes", "readdir"]) killInTime(promises, name);
for (const name of [
  "openSync",
  "mkdirSync",
  "writeSync",
  "fchmodSync",
  "futimesSync",
  "closeSync",
  "renameSync",
]) {
  killInTime(fs, name);
}
syncBuiltinESMExports();

const began: RunFiles = {
  source: "record",
  uploaded: new Map(uploaded),
  excluded: new Map(),
  directories: new Set(),
};
await bringBack(root, archiveOf(job), began);
