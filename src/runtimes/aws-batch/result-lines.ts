import { firstFew } from "../../cli/first-few.ts";
import type { Io } from "../../cli/io.ts";
import type { ResultEvent } from "../../results/events.ts";
import { isSnakemakeState } from "../../results/names.ts";
import { listedName, quoteName } from "../../runs/names.ts";

/** Tells what becomes of each result: all files, and of what is wrong the first few of each kind and how many more there are. */
export interface ResultLines extends Disposable {
  say(event: ResultEvent): void;
}

/** To be disposed of at the end, however that comes. */
export function createResultLines(io: Io): ResultLines {
  const conflicts = firstFew(
    io.warn,
    (count) => `${count} more files were left alone; the job's versions are the files named *.from-job-*.`,
  );
  const refused = firstFew(io.warn, (count) => `${count} more names in the archive are refused.`);
  const damaged = firstFew(io.err, (count) => `${count} more files in the archive are damaged.`);
  const failed = firstFew(io.err, (count) => `${count} more files could not be written.`);
  // Of thousands of small files, those of one turn are written in one go.
  let written: string[] = [];
  const flush = () => {
    if (written.length > 0) io.out(written.join("\n"));
    written = [];
  };
  return {
    say(event) {
      if (event.kind !== "written" && event.kind !== "progress") flush();
      switch (event.kind) {
        case "written":
          // Snakemake's own notes come back as well, but are nothing to read about.
          if (isSnakemakeState(event.path)) return;
          if (written.push(`downloaded: ${listedName(event.path)}`) === 1) setImmediate(flush);
          return;
        case "conflict":
          conflicts.add(
            `${quoteName(event.path)} was left alone: ${event.why}. The job's version is ${quoteName(event.beside)}.`,
          );
          return;
        case "refused":
          refused.add(`${quoteName(event.path)} in the archive is refused: ${event.why}.`);
          return;
        case "damaged":
          damaged.add(event.why);
          return;
        case "failed":
          failed.add(`${quoteName(event.path)} could not be written: ${event.why}`);
          return;
        case "directory-made":
        case "progress":
          return;
      }
    },
    [Symbol.dispose]() {
      flush();
      for (const lines of [conflicts, refused, damaged, failed]) lines.end();
    },
  };
}
