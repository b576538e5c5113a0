import { getAsset, getRawAsset } from "node:sea";
import { pathToFileURL } from "node:url";
import { compileFunction, constants } from "node:vm";
import { compile, createLoad } from "./load.ts";

// The script of the single executable (scripts/executable.mjs), whose assets are the files of the built program. They are
// loaded one by one as they are asked for, as Node does it with those in dist/.

/** Programs that the program starts, by what comes before their arguments. */
const programs: Readonly<Record<string, string>> = {
  "__local-aws": "./local-aws.js",
  "__job-entrypoint": "./job-entrypoint.js",
  "__job-aws": "./job-aws.js",
};

/** Runs a script of others (Auspice) as Node would. */
const NODE = "__node";

/** Loads a file of the file system: the script of an executable can't by itself. */
function importFile(path: string): void {
  const run = compileFunction("return import(url);", ["url"], {
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  void run(pathToFileURL(path).href);
}

const load = createLoad((name) =>
  compile(name, getAsset(name, "utf8"), Buffer.from(getRawAsset(`${name}.cache`) as ArrayBuffer)),
);
const [, , name = "", script = ""] = process.argv;
if (name === NODE) {
  process.argv.splice(1, 2);
  importFile(script);
} else {
  const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
  // As where a script's path follows that of Node.
  if (program !== undefined) process.argv.splice(2, 1);
  load(program ?? "./main.js");
}
