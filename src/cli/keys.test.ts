import { expect, test } from "vitest";
import { type Key, parseKeys, readKeys } from "./keys.ts";

test.each<[string, Key[]]>([
  ["j", [{ character: "j" }]],
  ["\x1b[A\x1b[B", ["up", "down"]],
  ["\x1bOA\x1bOB", ["up", "down"]],
  ["\x1b[5~\x1b[6~\x1b[H\x1b[4~", ["page-up", "page-down", "home", "end"]],
  ["\x1b", ["escape"]],
  ["\r", ["enter"]],
  ["\x03\x1a\x1c", ["interrupt", "suspend", "quit"]],
  ["é😀", [{ character: "é" }, { character: "😀" }]],
  ["\x1b[1;5C\x01q", [{ character: "q" }]],
])("%j is the keys %j", (text, keys) => {
  expect(parseKeys(text)).toEqual(keys);
});

/** A terminal's input that notes its mode. */
function terminal() {
  const listeners = new Set<(data: Buffer) => void>();
  const modes: boolean[] = [];
  const source = {
    setRawMode: (on: boolean) => void modes.push(on),
    on: (name: string, listener: (data: Buffer) => void) => void (name === "data" && listeners.add(listener)),
    off: (_: string, listener: (data: Buffer) => void) => void listeners.delete(listener),
    resume: () => {},
    pause: () => {},
  };
  return {
    source,
    modes,
    type: (text: string) => {
      for (const listener of [...listeners]) listener(Buffer.from(text));
    },
  };
}

test("the terminal's settings are put back while somebody else has it, and once at the end", () => {
  const { source, modes, type } = terminal();
  const keys: Key[] = [];
  const reader = readKeys(source, (key) => void keys.push(key));
  type("a");
  const absence = reader.away();
  const another = reader.away();
  type("b");
  expect(modes).toEqual([true, false]);
  absence[Symbol.dispose]();
  type("c");
  another[Symbol.dispose]();
  type("d");
  expect(modes).toEqual([true, false, true]);
  reader[Symbol.dispose]();
  reader[Symbol.dispose]();
  type("e");
  expect(modes).toEqual([true, false, true, false]);
  expect(keys).toEqual([{ character: "a" }, { character: "d" }]);
});

test("what is typed after the end is heard by nobody, not even in the same breath", () => {
  const { source, type } = terminal();
  const keys: Key[] = [];
  const reader = readKeys(source, (key) => {
    keys.push(key);
    reader[Symbol.dispose]();
  });
  type("qc");
  expect(keys).toEqual([{ character: "q" }]);
});
