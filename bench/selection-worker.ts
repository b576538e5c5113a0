// One walk of a directory in a fresh process: ours, or the plain one that it is measured against. Prints milliseconds and peak MiB.
import { lstatSync, readdirSync } from "node:fs";
import { selectFiles } from "../src/workflow/selection.ts";

const [how = "", directory = ""] = process.argv.slice(2);

function plainWalk(top: string): void {
  for (const name of readdirSync(top)) {
    const path = `${top}/${name}`;
    if (lstatSync(path).isDirectory()) plainWalk(path);
  }
}

const started = performance.now();
if (how === "plain") plainWalk(directory);
else await selectFiles(directory, { exclude: [], signal: new AbortController().signal });
console.log(
  JSON.stringify({
    milliseconds: performance.now() - started,
    peakMib: process.resourceUsage().maxRSS / 1024,
  }),
);
