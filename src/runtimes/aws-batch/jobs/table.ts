import { fitColumns } from "../../../cli/terminal-text.ts";

/** A cell of a table: its text, which is fit for a terminal, and the colour to show it in (SGR, ECMA-48 8.3.117). */
export interface Cell {
  readonly text: string;
  readonly colour?: number | undefined;
}

/** A column; the last one takes what room is left. */
export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

export interface TableOptions {
  /** Of the terminal; undefined: as wide as it comes. */
  readonly columns: number | undefined;
  readonly colours: boolean;
}

const GAP = "  ";
/** Characters of the last column at least, before a narrow terminal wraps lines. */
const LEAST = 12;

/**
 * Lines of a table, its titles first. On a terminal, columns before the last keep their width, and the last one is cut at its
 * beginning: of a directory, its end tells more. Columns that are empty throughout are left out.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): string[] {
  const last = columns.length - 1;
  const isUsed = columns.map((_, index) => index === last || rows.some((row) => row[index]?.text));
  const titles = columns.map(({ title }): Cell => ({ text: title }));
  const all = [titles, ...rows];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => row[index]?.text.length ?? 0)));
  const before = widths.reduce(
    (sum, width, index) => (index === last || !isUsed[index] ? sum : sum + width + GAP.length),
    0,
  );
  // The last column of the terminal stays free, lest the cursor wraps.
  const room = options.columns === undefined ? undefined : Math.max(LEAST, options.columns - 1 - before);
  return all.map((row) => {
    const cells = columns.flatMap(({ right }, index) => {
      const { text, colour } = row[index] ?? { text: "" };
      if (!isUsed[index]) return [];
      if (index === last) return [paint(room === undefined ? text : cutStart(text, room), colour, options)];
      const padding = " ".repeat(Math.max(0, (widths[index] ?? 0) - text.length));
      const painted = paint(text, colour, options);
      return [right ? padding + painted : painted + padding];
    });
    return cells.join(GAP).trimEnd();
  });
}

function paint(text: string, colour: number | undefined, { colours }: TableOptions): string {
  return colours && colour !== undefined && text !== "" ? `\x1b[${colour}m${text}\x1b[0m` : text;
}

/** The end of a text that fits, after "…" where its beginning does not. */
function cutStart(text: string, columns: number): string {
  if (fitColumns(text, columns) === text) return text;
  const characters = [...text];
  for (let start = Math.max(0, characters.length - columns); start < characters.length; start += 1) {
    const end = `…${characters.slice(start + 1).join("")}`;
    if (fitColumns(end, columns) === end) return end;
  }
  return "…";
}
