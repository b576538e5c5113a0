import { chmodSync, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** Where the real Zika data is: not part of the project, so tests that want it skip visibly without it. */
const data = resolve(checkout, process.env.NEXTSTRAIN_TEST_ZIKA_DATA ?? "../shared/data/zika");

const places = {
  data: ["metadata.tsv", "sequences.fasta"],
  config: ["auspice_config.json", "colors.tsv", "dropped_strains.txt", "lat_longs.tsv", "zika_outgroup.gb"],
};

/** Whether the Zika data is there, all of it. */
export function haveZikaData(): boolean {
  return Object.values(places).every((names) => names.every((name) => existsSync(join(data, name))));
}

/** Makes `target` a workflow directory: the Zika Snakefile of the tests, with the real data. It builds `auspice/zika.json`. */
export function zikaDirectory(target: string): void {
  mkdirSync(target, { recursive: true });
  copyFileSync(join(checkout, "test/fixtures/zika/Snakefile"), join(target, "Snakefile"));
  for (const [place, names] of Object.entries(places)) {
    mkdirSync(join(target, place), { recursive: true });
    for (const name of names) {
      copyFileSync(join(data, name), join(target, place, name));
      // The data itself may be read-only.
      chmodSync(join(target, place, name), 0o644);
    }
  }
}
