// `npm run quickstart`: the example workflow, on local AWS, from a fresh checkout, with nothing to set up.
import { cpSync, existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { ensureBuilt, projectDirectory, run } from "./program.mjs";
import { ensureTools } from "./workflow-tools.mjs";

/**
 * A directory that isn't there yet: `nextstrain-example`, or with the next free number.
 * @param {string} parent
 */
function freshDirectory(parent) {
  for (let n = 1; ; n++) {
    const directory = join(parent, n === 1 ? "nextstrain-example" : `nextstrain-example-${n}`);
    if (!existsSync(directory)) return directory;
  }
}

/** @returns {Promise<number>} the exit status */
async function quickstart() {
  if (!(await ensureTools({ forTests: false })) || !(await ensureBuilt())) return 1;

  const directory = freshDirectory(projectDirectory);
  const example = join(projectDirectory, "examples", "outbreak");
  const notIts = new Set([".snakemake", "results", "auspice"].map((name) => join(example, name)));
  cpSync(example, directory, { recursive: true, filter: (source) => !notIts.has(source) });
  const shown = basename(directory);
  console.log(`The example is now in ${directory}\n`);
  console.log(`$ npx nextstrain build --aws-batch --local-aws ${shown}`);

  const status = await run(
    process.execPath,
    ["bin/nextstrain.js", "build", "--aws-batch", "--local-aws", shown],
    { cwd: projectDirectory },
  );
  if (status !== 0) {
    console.error(`\nThe build ended with exit status ${status}; the directory stays as it is: ${directory}`);
    return status;
  }
  console.log(`\nThe tree is here:\n`);
  for (const name of readdirSync(join(directory, "auspice")))
    console.log(`    ${join(directory, "auspice", name)}`);
  console.log(`
What to try next:

    Look at it (the first of these fetches Auspice, about 300 MB, once):
        npx nextstrain setup auspice
        npx nextstrain view ${shown}
    or drag that file into the page https://auspice.us (it stays in your browser).

    Change something in ${shown}/Snakefile or ${shown}/config, and build again;
    Snakemake runs only what depends on it.
        npx nextstrain build --aws-batch --local-aws ${shown}

    Everything that a build can do:
        npx nextstrain build --help-all

    The stand-in for AWS that ran the job (it leaves by itself after a while):
        npx nextstrain local-aws status
        npx nextstrain local-aws stop`);
  return 0;
}

process.exitCode = await quickstart();
