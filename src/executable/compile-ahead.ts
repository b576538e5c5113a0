import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Script } from "node:vm";
import { compile, createLoad } from "./load.ts";

// Compiles the files of the program for the executable, with the executable's own Node: `node compile-ahead.cjs DIRECTORY`.
// What V8 makes of each NAME goes into NAME.cache. To have in it the functions that a start takes, it starts the program.

const [, , directory = ""] = process.argv;
const scripts = new Map<string, Script>();
for (const name of readdirSync(directory)) {
  scripts.set(name, compile(name, readFileSync(join(directory, name), "utf8")));
}

process.on("exit", () => {
  for (const [name, script] of scripts) {
    writeFileSync(join(directory, `${name}.cache`), script.createCachedData());
  }
});
process.argv.splice(2, 1, "build", "--help");
const load = createLoad((name) => {
  const script = scripts.get(name);
  if (script === undefined) throw new Error(`There is no ${name} in ${directory}.`);
  return script;
});
load("./main.js");
