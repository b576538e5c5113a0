// Files of the program in the executable: loaded as Node loads those in dist/.
import { expect, test } from "vitest";
import { compile, createLoad } from "./load.ts";

const files: Readonly<Record<string, string>> = {
  "main.js":
    'module.exports = { other: require("./other.js"), join: require("node:path").join, executableUrl };',
  "other.js": "exports.count = globalThis.loads = (globalThis.loads ?? 0) + 1;",
  "lost.js": 'require("lost");',
};
const script = (name: string) => compile(name, files[name] ?? "");

test("files get each other and Node's modules, and are run once", () => {
  const load = createLoad(script);
  const main = load("./main.js") as { other: object; join: unknown; executableUrl: string };
  expect(main.other).toEqual({ count: 1 });
  expect(load("./other.js")).toBe(main.other);
  expect(main.join).toBeTypeOf("function");
  expect(main.executableUrl).toMatch(/^file:\/\/\//);
});

test("what is neither is named", () => {
  expect(() => createLoad(script)("./lost.js")).toThrow("The executable has no module lost.");
});
