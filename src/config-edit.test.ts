import { lstat, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testContext } from "../test/support/context.ts";
import { tempDir } from "../test/support/temp-dir.ts";
import { changeConfig, editConfig } from "./config-edit.ts";
import { readConfig } from "./config-file.ts";

const runner = { section: "core", key: "runner", value: "aws-batch" };

test.each<[what: string, before: string, after: string]>([
  ["an empty file", "", "[core]\nrunner = aws-batch\n"],
  [
    "a file without the section",
    "[docker]\nimage = x\n",
    "[docker]\nimage = x\n\n[core]\nrunner = aws-batch\n",
  ],
  [
    "a section without the key: before the comments of what follows",
    "[core]\na = b\n\n# Ours:\n[docker]\nimage = x\n",
    "[core]\na = b\nrunner = aws-batch\n\n# Ours:\n[docker]\nimage = x\n",
  ],
  [
    "a value that is there, whatever its spelling",
    "# mine\n[core]\n; why\nRunner: docker\nb=c\n",
    "# mine\n[core]\n; why\nrunner = aws-batch\nb=c\n",
  ],
  [
    "a value of several lines",
    "[core]\nrunner =\n  docker\n  more\nb = c\n",
    "[core]\nrunner = aws-batch\nb = c\n",
  ],
  [
    "the same key elsewhere",
    "[other]\nrunner = x\n[core]\n",
    "[other]\nrunner = x\n[core]\nrunner = aws-batch\n",
  ],
  ["lines that end as on Windows", "[core]\r\nb = c\r\n", "[core]\r\nb = c\r\nrunner = aws-batch\r\n"],
  ["a last line without its end", "[core]\nb = c", "[core]\nb = c\nrunner = aws-batch\n"],
  ["the last line, without its end", "[core]\nrunner = c", "[core]\nrunner = aws-batch"],
  [
    "lines that end in different ways",
    "[core]\nb = c\r\n# d\n\n\r\n[e]\n",
    "[core]\nb = c\r\nrunner = aws-batch\r\n# d\n\n\r\n[e]\n",
  ],
  [
    "a line among others that end in another way",
    "# a\n[core]\nrunner = x\r\nb = c\n",
    "# a\n[core]\nrunner = aws-batch\r\nb = c\n",
  ],
])("setting a value in %s", (_, before, after) => {
  expect(editConfig(before, [runner])).toBe(after);
});

test("a new file is its owner's alone; one that is there keeps its permissions", async () => {
  await using home = await tempDir();
  const context = testContext({ home: home.path });
  const file = await changeConfig(context, [runner, { ...runner, section: "x" }]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readConfig(context)).get("x", "runner")).toBe("aws-batch");

  const other = join(home.path, "other");
  await writeFile(other, "", { mode: 0o644 });
  await changeConfig(testContext({ home: home.path, env: { NEXTSTRAIN_CONFIG: other } }), [runner]);
  expect((await stat(other)).mode & 0o777).toBe(0o644);
  expect(await readFile(other, "utf8")).toBe("[core]\nrunner = aws-batch\n");
});

test("bytes that are not UTF-8 stay as they are, and values are written as UTF-8", async () => {
  await using home = await tempDir();
  const file = join(home.path, "config");
  const bytes = (text: string) => Buffer.from(text, "latin1");
  await writeFile(
    file,
    bytes("\xEF\xBB\xBF[core]\r\nrunner = x\n# caf\xE9 \xFF\xA0\n[docker]\n; \x85\nimage = \xC3\xA9\n"),
  );
  const context = testContext({ home: home.path, env: { NEXTSTRAIN_CONFIG: file } });
  await changeConfig(context, [runner, { section: "docker", key: "image", value: "é/ü" }]);
  expect((await readFile(file)).toString("latin1")).toBe(
    "\xEF\xBB\xBF[core]\r\nrunner = aws-batch\n# caf\xE9 \xFF\xA0\n[docker]\n; \x85\nimage = \xC3\xA9/\xC3\xBC\n",
  );
});

test("a link to the file stays one", async () => {
  await using home = await tempDir();
  const [file, link] = [join(home.path, "kept"), join(home.path, "config")];
  await writeFile(file, "");
  await symlink(file, link);
  await changeConfig(testContext({ home: home.path, env: { NEXTSTRAIN_CONFIG: link } }), [runner]);
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect(await readFile(file, "utf8")).toBe("[core]\nrunner = aws-batch\n");
});

test("a file that can't be replaced is named, and nothing is left beside it", async () => {
  await using home = await tempDir();
  const directory = join(home.path, "config");
  await mkdir(join(directory, "x"), { recursive: true });
  const context = testContext({ home: home.path, env: { NEXTSTRAIN_CONFIG: directory } });
  await expect(changeConfig(context, [runner])).rejects.toThrow(/config/);
});
