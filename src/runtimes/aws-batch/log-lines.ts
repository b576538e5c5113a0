import type { LogLine } from "../../aws/logs.ts";
import { FILE_OF_ZIP } from "../../checks/job/log-signs.ts";
import { lastState, withoutControls } from "../../cli/control-characters.ts";

/** Makes the log's lines fit to be shown. */
export interface LogRenderer {
  /** Takes the next lines of an attempt's log; returns what is to be shown now. */
  push(page: { readonly stream: string; readonly lines: readonly LogLine[] }): readonly string[];
  /** What is still to be shown of the lines so far. */
  flush(): readonly string[];
}

export interface LogOptions {
  readonly colours: boolean;
  /** Whether to show the line that zip and unzip print for each file, too. */
  readonly everyFile: boolean;
}

/** The entrypoint traces what it runs. */
const TRACE = /^\+ \S/;
/** It unpacks what was uploaded, and packs the results. */
const ZIPS = /^\+ (?:unzip -: -o|zip -u) /;

/** One line stands for the files that the entrypoint packs or unpacks in a row, with their number. */
export function createLogRenderer({ colours, everyFile }: LogOptions): LogRenderer {
  let stream: string | undefined;
  let isZipping = false;
  let folded: LogLine | undefined;
  let count = 0;

  const render = ({ timestamp, message }: LogLine): string => {
    const time = new Date(timestamp).toISOString().replace(/\.\d+Z$/, "+00:00");
    const shown = message.split("\n").map(lastState).join("\n");
    return `[batch] [${time}] ${withoutControls(shown, { keepColours: colours })}`;
  };
  const flush = (): readonly string[] => {
    const line = folded;
    if (line === undefined) return [];
    const done = /^ *(?:adding|updating|freshening)/.test(line.message) ? "packed" : "unpacked";
    const summary = { ...line, message: `  (${count} files and directories ${done})` };
    folded = undefined;
    return [render(count === 1 ? line : summary)];
  };

  return {
    push(page) {
      const shown: string[] = [];
      if (page.stream !== stream) {
        shown.push(...flush());
        stream = page.stream;
        isZipping = false;
      }
      for (const line of page.lines) {
        if (!everyFile && isZipping && FILE_OF_ZIP.test(line.message)) {
          count = folded === undefined ? 1 : count + 1;
          folded = line;
          continue;
        }
        shown.push(...flush());
        if (TRACE.test(line.message)) isZipping = ZIPS.test(line.message);
        shown.push(render(line));
      }
      return shown;
    },
    flush,
  };
}
