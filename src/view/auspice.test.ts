import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testContext } from "../../test/support/context.ts";
import { tempDir } from "../../test/support/temp-dir.ts";
import { findAuspice, majorFor } from "./auspice.ts";
import { hasBrowser } from "./browser.ts";

test.each([
  ["v20.19.0", 2],
  ["v22.1.0", 2],
  ["v24.0.0", 3],
  ["v26.3.1", 3],
])("Node %s runs Auspice %d", (node, major) => {
  expect(majorFor(node)).toBe(major);
});

async function homeWith(version: string) {
  const home = await tempDir();
  const directory = join(home.path, ".nextstrain", "auspice", "node_modules", "auspice");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "package.json"), JSON.stringify({ version }));
  return home;
}

test("the Auspice that was set up comes before one on the PATH", async () => {
  await using home = await homeWith("2.1.0");
  await writeFile(join(home.path, "auspice"), "", { mode: 0o755 });
  const env = { PATH: `/nonexistent:${home.path}` };
  expect(await findAuspice(testContext({ home: home.path, env }))).toMatchObject({ version: "2.1.0" });
  expect(await findAuspice(testContext({ env }))).toMatchObject({ where: join(home.path, "auspice") });
  // A directory of that name is no program.
  await mkdir(join(home.path, "nearer", "auspice"), { recursive: true });
  const nearer = { PATH: `${home.path}/nearer:${env.PATH}` };
  expect(await findAuspice(testContext({ env: nearer }))).toMatchObject({
    where: join(home.path, "auspice"),
  });
});

test("without any, or with one of a newer Node, the way to get one is told", async () => {
  await expect(findAuspice(testContext())).rejects.toMatchObject({
    hint: expect.stringContaining("nextstrain setup auspice"),
  });
  await using home = await homeWith("99.0.0");
  await expect(findAuspice(testContext({ home: home.path }))).rejects.toThrow("newer Node.js");
});

test.each([
  [{}, "linux", false],
  [{ DISPLAY: ":0" }, "linux", true],
  [{ BROWSER: "lynx" }, "linux", true],
  [{}, "darwin", true],
] as const)("with %j on %s, a browser: %s", (env, platform, expected) => {
  expect(hasBrowser({ env }, platform)).toBe(expected);
});
