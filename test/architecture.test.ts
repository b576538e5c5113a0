import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findCircles, type Import } from "./support/import-circles.ts";

const src = fileURLToPath(new URL("../src", import.meta.url));

function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !/\.test\.ts$|(^|\/)(test-support|testing|kill-driver)\b/.test(file),
  );
}

const ANY_IMPORT =
  /^(?:import|export)\b[^;]*?\bfrom\s+"(\.[^"]+)"|^import\s+"(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm;

/** Types left out: those leave no trace in the program. */
const VALUE_IMPORT = /^(?:import|export)\s+(?!type\b)[^;]*?from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/gm;

/** What files of src/ import from each other. */
function importsOf(files: readonly string[], pattern: RegExp): Import[] {
  return files.flatMap((from) => {
    const text = readFileSync(join(src, from), "utf8");
    return [...text.matchAll(pattern)].map(([, ...specifiers]) => ({
      from,
      to: relative(src, join(src, dirname(from), specifiers.find((each) => each !== undefined) ?? "")),
    }));
  });
}

const imports: readonly Import[] = importsOf(sourceFiles(), VALUE_IMPORT);

const part = (file: string) => file.split("/")[0] ?? "";

/** What each part may know besides itself and errors.ts. */
const mayKnow: Readonly<Record<string, readonly string[]>> = {
  archive: [],
  workflow: ["archive"],
  aws: ["cli", "archive"],
  transfer: ["aws", "archive"],
  runs: ["cli", "workflow", "archive"],
  results: ["runs", "workflow", "archive"],
  checks: ["cli", "aws", "workflow"],
  "aws-setup": ["cli", "aws", "checks", "workflow"],
  runtimes: [
    "cli",
    "settings.ts",
    "config-edit.ts",
    "checks",
    "aws",
    "transfer",
    "results",
    "runs",
    "workflow",
    "archive",
  ],
  cli: ["commands"],
  view: ["cli"],
  commands: [
    "cli",
    "settings.ts",
    "config-edit.ts",
    "runtimes",
    "checks",
    "aws-setup",
    "view",
    "aws",
    "workflow",
  ],
  "local-aws": [],
};

test("every part knows only the parts below it", () => {
  const breaches = imports
    .filter(({ from, to }) => from.includes("/") && part(from) !== part(to) && part(to) !== "errors.ts")
    .filter(({ from, to }) => !(mayKnow[part(from)] ?? []).includes(part(to)));
  expect(breaches).toEqual([]);
});

test("no files import each other in a circle, not even for a type", () => {
  const all = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  expect(findCircles(importsOf(all, ANY_IMPORT))).toEqual([]);
});

test("circles are found, whatever leads to them", () => {
  const edges = ["main a", "a b", "b c", "c a", "b d", "main d"].map((edge) => {
    const [from = "", to = ""] = edge.split(" ");
    return { from, to };
  });
  expect(findCircles(edges)).toEqual(["a → b → c → a"]);
});

test("local AWS is joined to the rest by HTTP alone", () => {
  const crossing = imports.filter(
    ({ from, to }) => (part(from) === "local-aws") !== (part(to) === "local-aws"),
  );
  expect(crossing).toEqual([]);
});

/** Files that say something, by the file's path in src/. */
function filesWith(pattern: RegExp): string[] {
  return sourceFiles().filter((file) => pattern.test(readFileSync(join(src, file), "utf8")));
}

test("only main.ts ends the process, and only cli/ and main.ts know its streams", () => {
  const ends = filesWith(/\bprocess\.exit\(/).filter((file) => part(file) !== "local-aws");
  expect(ends).toEqual(["main.ts"]);
  const writes = filesWith(/\bprocess\.std(out|err)\b|\bconsole\.\w+\(/).filter(
    (file) => part(file) !== "local-aws",
  );
  expect(writes).toEqual(["main.ts"]);
});

test("only aws/clients.ts makes clients of AWS", () => {
  expect(filesWith(/\bnew \w+Client\(/)).toEqual(["aws/clients.ts"]);
});

test("files beside the program are looked for in the executable, too", () => {
  const beside = filesWith(/new URL\([^)]*import\.meta\.url/);
  expect(beside.length).toBeGreaterThan(0);
  expect(beside.filter((file) => !filesWith(/\bisSea\(\)|\breadShippedFile\(/).includes(file))).toEqual([]);
});
