import { fitColumns } from "./terminal-text.ts";

/** The part of a terminal's stream that a live line needs. */
export interface Screen {
  write(text: string): unknown;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  on?(name: "resize", listener: () => void): unknown;
  off?(name: "resize", listener: () => void): unknown;
}

/**
 * The last line of a terminal, which shows how things stand while other lines scroll above it. It may be several, as many as there is
 * room for.
 */
export interface LiveLine {
  /** What it says is asked for again and again, so that ages and rates move; undefined takes it away. */
  show(render: (() => string) | undefined): void;
  /** Lets something else be written to the same terminal. */
  around(write: () => void): void;
  /** Stays away until it is disposed: somebody else writes to the same terminal. */
  away(): Disposable;
}

/** Milliseconds between two looks at what is to be shown. */
const INTERVAL = 200;

// ECMA-48: to the first column, then EL (the line) or ED (all that is below as well), after CUU (so many lines up).
const CLEAR_LINE = "\r\x1b[K";
const CLEAR_BELOW = "\r\x1b[J";
const up = (lines: number) => (lines > 0 ? `\x1b[${lines}A` : "");

/** Changes nothing of the terminal's settings: there is nothing to put back but the lines themselves. */
export function createLiveLine(screen: Screen): LiveLine {
  let render: (() => string) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let shown = "";
  let absences = 0;

  // The last column stays free: a cursor beyond it would begin a new line.
  const columns = () => (screen.columns || 80) - 1;
  const fitted = (text: string) =>
    text
      .split("\n", Math.max(1, (screen.rows || 24) - 1))
      .map((line) => fitColumns(line, columns()))
      .join("\n");
  const wanted = () => (render && absences === 0 ? fitted(render()) : "");
  /** Lines of the terminal above the cursor that what is shown takes; more than it has itself, where it has been wrapped. */
  const above = () =>
    shown.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / (columns() + 1))), -1);
  const redraw = (clear: string, text = wanted()) => {
    const lines = shown.includes("\n") ? above() : 0;
    const change = (shown === "" ? "" : lines > 0 ? up(lines) + CLEAR_BELOW : clear) + text;
    shown = text;
    if (change !== "") screen.write(change);
  };
  const refresh = () => {
    const text = wanted();
    if (text !== shown) redraw(CLEAR_LINE, text);
  };
  // A line that became too long for a narrower terminal is wrapped now, or cut by it.
  const resized = () => redraw(CLEAR_BELOW);

  return {
    show(next) {
      if (next && !render) {
        timer = setInterval(refresh, INTERVAL).unref();
        screen.on?.("resize", resized);
      }
      if (!next && render) {
        clearInterval(timer);
        screen.off?.("resize", resized);
      }
      render = next;
      redraw(CLEAR_LINE);
    },
    away() {
      absences += 1;
      redraw(CLEAR_LINE);
      return {
        [Symbol.dispose]() {
          absences -= 1;
          redraw(CLEAR_LINE);
        },
      };
    },
    around(write) {
      const before = shown;
      redraw(CLEAR_LINE, "");
      write();
      redraw(CLEAR_LINE, before);
    },
  };
}
