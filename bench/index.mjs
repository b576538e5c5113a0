// `npm run bench [name…]`: runs all benchmarks, or those named. Each is a module that exports its name and run().
import * as immortal from "./immortal.mjs";
import * as memory from "./memory.mjs";
import * as report from "./report.mjs";
import * as requests from "./requests.mjs";
import * as selection from "./selection.mjs";
import * as startUp from "./start-up.mjs";
import * as transfer from "./transfer.mjs";
import * as watch from "./watch.mjs";
import * as whole from "./whole.mjs";

const benchmarks = [startUp, requests, selection, memory, transfer, watch, whole, immortal, report];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  const names = benchmarks.map(({ name }) => name).join(", ");
  console.error(`No such benchmark: ${unknown.join(", ")}. There are ${names}.`);
  process.exit(2);
}
for (const { name, run } of benchmarks) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const line of await run()) console.log(`${name}: ${line}`);
}
