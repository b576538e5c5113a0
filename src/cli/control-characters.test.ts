import { expect, test } from "vitest";
import { isUnusual, lastState, withControlsShown, withoutControls } from "./control-characters.ts";

const text = "\x1b[32mgreen\x1b[0m\x1b[2K\x1b[1A\x1b]0;title\x07 bell\x07 back\b tab\tnew\nline\r";

test("only text is left for a file", () => {
  expect(withoutControls(text, { keepColours: false })).toBe("green bell back tab\tnew\nline");
});

test("colours stay for a terminal, and nothing else does", () => {
  expect(withoutControls(text, { keepColours: true })).toBe("\x1b[32mgreen\x1b[0m bell back tab\tnew\nline");
});

test.each([
  ["plain", "plain"],
  ["  5%\r 50%\r100%", "100%"],
  ["50%\r100%\r", "100%"],
  ["done\r\x1b[K", "done"],
  ["\r", ""],
])("%j shows %j last", (line, shown) => {
  expect(lastState(line)).toBe(shown);
});

test("what a terminal would obey, or show in another order, is shown", () => {
  expect(
    withControlsShown("\x1b[31ma\x1b]0;t\x07\r\x7f\x9b2J\u202etxt.exe\u2066", { keepColours: false }),
  ).toBe("\\u001b[31ma\\u001b]0;t\\u0007\\u000d\\u007f\\u009b2J\\u202etxt.exe\\u2066");
  expect(withControlsShown("\x1b[31ma\x1b[39m\x1b[2J", { keepColours: true })).toBe(
    "\x1b[31ma\x1b[39m\\u001b[2J",
  );
  // Marks that text from right to left is written with, and what emoji are joined by.
  const harmless = "tab\tnew\nline é שלום\u200f مرحبا 👩\u200d🔬";
  expect(withControlsShown(harmless, { keepColours: false })).toBe(harmless);
});

test("JSON in which it is shown means the same", () => {
  const value = { name: "a\u202eb\u009bc\x7f" };
  expect(JSON.parse(withControlsShown(JSON.stringify(value), { keepColours: false }))).toEqual(value);
});

test("a name is unusual where it would not be seen as it is", () => {
  expect(["Icon\r", "a\tb", "a\nb", "a\u202eb"].every(isUnusual)).toBe(true);
  expect(["a b", "é", "שלום", "👩\u200d🔬"].some(isUnusual)).toBe(false);
});
