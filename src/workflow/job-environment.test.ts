import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UsageError, UserError } from "../errors.ts";
import { envdFiles } from "./envdir.ts";
import { type JobEnvironmentOptions, jobEnvironment } from "./job-environment.ts";

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "envdir-"));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function envdir(name: string, files: Record<string, string | Uint8Array>): string {
  mkdirSync(join(cwd, name), { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(cwd, name, file), content);
  return name;
}
const environment = { HOME: "/home/me", AWS_ACCESS_KEY_ID: "key", AUGUR_DEBUG: "", MINE: "here" };
const get = (options: Partial<JobEnvironmentOptions>) =>
  jobEnvironment({ env: [], envdirs: [], environment, cwd, ...options });
const variables = async (options: Partial<JobEnvironmentOptions>) =>
  Object.fromEntries((await get(options)).variables);
const failure = (options: Partial<JobEnvironmentOptions>) =>
  get(options).then(
    () => expect.unreachable("nothing was wrong"),
    (error: unknown) => error as UserError,
  );

describe("which variables a job gets", () => {
  test("by default the well-known ones that are set here", async () => {
    expect(await variables({})).toEqual({ AWS_ACCESS_KEY_ID: "key", AUGUR_DEBUG: "" });
    expect(await variables({ settings: "" })).toEqual({ AWS_ACCESS_KEY_ID: "key", AUGUR_DEBUG: "" });
  });

  test("with --env only those: a value given, the value here, or unset", async () => {
    expect(await variables({ env: ["A=b=c", "MINE", "GONE", "EMPTY="] })).toEqual({
      A: "b=c",
      MINE: "here",
      GONE: null,
      EMPTY: "",
    });
  });

  test("names that every object has are no variables that are set here", async () => {
    expect(await variables({ env: ["constructor", "toString", "hasOwnProperty=x"] })).toEqual({
      constructor: null,
      toString: null,
      hasOwnProperty: "x",
    });
  });

  test("with an envdir only those", async () => {
    expect(await variables({ envdirs: [envdir("e", { A: "1\n" })] })).toEqual({ A: "1" });
    expect(await variables({ settings: "e" })).toEqual({ A: "1" });
  });

  test("an empty envdir turns the well-known ones off, too", async () => {
    expect(await variables({ envdirs: [envdir("e", {})] })).toEqual({});
  });

  test("later envdirs overrule earlier ones, and --env overrules both, wherever it stands", async () => {
    envdir("e1", { A: "1", B: "1", C: "1" });
    envdir("e2", { B: "2", C: "2" });
    const expected = { A: "1", B: "2", C: "3" };
    expect(await variables({ env: ["C=3"], envdirs: ["e1", "e2"] })).toEqual(expected);
    expect(await variables({ env: ["C=3"], settings: `${join(cwd, "e1")}::e2` })).toEqual(expected);
  });

  test("--envdir replaces NEXTSTRAIN_RUNTIME_ENVDIRS", async () => {
    expect(await variables({ envdirs: [envdir("e", { A: "1" })], settings: "nope" })).toEqual({ A: "1" });
  });
});

describe("an envdir's files", () => {
  test.each([
    ["value", "value"],
    ["value\n", "value"],
    ["first\nsecond\n", "first"],
    ["blanks \t \n", "blanks"],
    [" inner blanks stay", " inner blanks stay"],
    ["two\0lines\n", "two\nlines"],
    ["ends with a newline\0\n", "ends with a newline\n"],
    ["\n", ""],
    ["", null],
    ["\ufeffé日本\n", "\ufeffé日本"],
  ])("%j holds %j", async (content, value) => {
    expect(await variables({ envdirs: [envdir("e", { A: content })] })).toEqual({ A: value });
  });

  test("hidden ones and directories are skipped", async () => {
    envdir("e", { A: "1", ".hidden": "x" });
    mkdirSync(join(cwd, "e/sub"));
    expect(await variables({ envdirs: ["e"] })).toEqual({ A: "1" });
  });

  test("that are not UTF-8 are an error that names them", async () => {
    const error = await failure({ envdirs: [envdir("e", { A: new Uint8Array([0xff]) })] });
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toBe(
      `Cannot read the variable in ${join(cwd, "e/A")} (--envdir): it is not UTF-8.`,
    );
  });
});

describe("mistakes", () => {
  test.each([
    ["", "“--env ” names no variable: the name is empty."],
    ["=secret", "“--env =…” names no variable: the name is empty."],
    ["A/B=secret", "“--env A/B=…” names no variable: a name cannot hold /."],
    ["..", "“--env ..” names no variable: a name cannot begin with a dot."],
    ["A\0=secret", "“--env A\\0=…” names no variable: a name cannot hold a NUL."],
    ["A=secret\0", "“--env A=…” names no variable: a value cannot hold a NUL."],
  ])("--env %j is refused, without its value being shown", async (setting, message) => {
    const error = await failure({ env: [setting] });
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(message);
  });

  test("a file whose name no variable can have is refused", async () => {
    const error = await failure({ envdirs: [envdir("e", { "A=B": "" })] });
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toContain("A=B");
  });

  test("a missing envdir is named, with where it came from", async () => {
    expect((await failure({ envdirs: ["nope"] })).message).toBe(
      `There is no directory ${join(cwd, "nope")} (--envdir).`,
    );
    expect((await failure({ settings: "nope" })).message).toContain("(from NEXTSTRAIN_RUNTIME_ENVDIRS)");
    envdir("e", { A: "" });
    expect((await failure({ envdirs: ["e/A"] })).message).toContain("is not a directory");
  });
});

test("a value that ends with blanks is warned of, without being shown", async () => {
  const { warnings } = await get({ env: ["TOKEN=secret ", "B=x\t", "C=x\r", "OK=a b", "NEWLINE=x\n"] });
  expect(warnings).toEqual([
    "The value of TOKEN ends with blanks, which the job will not see.",
    "The value of B ends with blanks, which the job will not see.",
    "The value of C ends with blanks, which the job will not see.",
  ]);
});

test("env.d files hold the value as one line; an empty file unsets", async () => {
  const files = envdFiles(
    new Map([
      ["B", "two\nlines"],
      ["A", "é"],
      ["EMPTY", ""],
      ["GONE", null],
    ]),
  );
  expect(files.map(({ name, content }) => [name, new TextDecoder().decode(content)])).toEqual([
    ["A", "é\n"],
    ["B", "two\0lines\n"],
    ["EMPTY", "\n"],
    ["GONE", ""],
  ]);
});

test("env.d files read back as an envdir are the same variables", async () => {
  const original = { A: " x=y ü", B: "1\n2\n", EMPTY: "", GONE: null };
  const files = envdFiles(new Map(Object.entries(original)));
  envdir("e", Object.fromEntries(files.map(({ name, content }) => [name, content])));
  expect(await variables({ envdirs: ["e"] })).toEqual(original);
});
