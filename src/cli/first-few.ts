/** Lines of one kind that are shown; more of them tell nobody more. */
const MOST = 20;

/** Lines of one kind, of which there may be any number. */
export interface FirstFew {
  /** Shown if it is one of the first. */
  add(line: string): void;
  /** Says how many were not shown, where some were not. */
  end(): void;
}

/** Shows the first 20 of many lines, and says with `rest` how many more there were. */
export function firstFew(show: (line: string) => void, rest: (count: string) => string): FirstFew {
  let count = 0;
  return {
    add(line) {
      count++;
      if (count <= MOST) show(line);
    },
    end() {
      if (count > MOST) show(rest((count - MOST).toLocaleString("en-US")));
      count = 0;
    },
  };
}

/** Warns of the first 20. */
export function warnOfFew(
  io: { warn(message: string): void },
  warnings: readonly string[],
  rest: (count: string) => string,
): void {
  const few = firstFew(io.warn, rest);
  for (const warning of warnings) few.add(warning);
  few.end();
}
