// Protects that the table fits its terminal: columns keep their width, directories are cut at their beginning, colours count for nothing.
import { expect, test } from "vitest";
import { fitColumns } from "../../../cli/terminal-text.ts";
import { type Cell, tableLines } from "./table.ts";

const columns = [{ title: "ID" }, { title: "AGE", right: true }, { title: "NONE" }, { title: "DIRECTORY" }];
const row = (...texts: string[]): Cell[] => texts.map((text) => ({ text }));
const rows = [
  row("1a2b3c4d", "5s", "", "/home/me/zika"),
  row("9f", "12m 05s", "", "/home/me/日本語/zika-tutorial/phylogenetic"),
];

test("columns line up, and empty ones are left out", () => {
  expect(tableLines(columns, rows, { columns: undefined, colours: false })).toEqual([
    "ID            AGE  DIRECTORY",
    "1a2b3c4d       5s  /home/me/zika",
    "9f        12m 05s  /home/me/日本語/zika-tutorial/phylogenetic",
  ]);
});

test.each([200, 60, 45, 33])(
  "in %i columns no line is longer, and the end of a directory is kept",
  (width) => {
    const lines = tableLines(columns, rows, { columns: width, colours: false });
    for (const line of lines) expect(fitColumns(line, width - 1)).toBe(line);
    if (width >= 45) expect(lines.at(-1)).toMatch(/phylogenetic$/);
    if (width <= 45) expect(lines.at(-1)).toContain("…");
  },
);

test("colours are around the text, and change no widths", () => {
  const coloured = [[{ text: "FAILED", colour: 31 }, { text: "/d" }]];
  const titles = [{ title: "STATE" }, { title: "DIRECTORY" }];
  expect(tableLines(titles, coloured, { columns: 80, colours: true })[1]).toBe("\x1b[31mFAILED\x1b[0m  /d");
  expect(tableLines(titles, coloured, { columns: 80, colours: false })[1]).toBe("FAILED  /d");
});
