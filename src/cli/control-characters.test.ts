import { expect, test } from "vitest";
import { lastState, withoutControls } from "./control-characters.ts";

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
