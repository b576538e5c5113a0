// NOTICE: every bundled package is in it with its licence, or the build fails.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundledPackages, formatNotice } from "../../scripts/notice.mjs";
import { tempDir } from "../support/temp-dir.ts";

async function writePackage(
  root: string,
  description: { readonly name: string; readonly license?: string; readonly author?: string },
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const directory = join(root, "node_modules", description.name);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "package.json"), JSON.stringify({ version: "1.0.0", ...description }));
  for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text);
  return `node_modules/${description.name}/dist/index.js`;
}

/** What esbuild tells of an output that was made of these inputs. */
function metafile(inputs: Readonly<Record<string, number>>) {
  const entries = Object.entries(inputs).map(([path, bytesInOutput]) => [path, { bytesInOutput }] as const);
  const output = { bytes: 1, imports: [], exports: [], inputs: Object.fromEntries(entries) };
  return { outputs: { "dist/main.js": output } };
}

test("a text that packages share is in it once, below their names", async () => {
  await using root = await tempDir();
  const b = await writePackage(root.path, { name: "b", license: "MIT" }, { LICENSE: "Do as you like.\n" });
  const a = await writePackage(
    root.path,
    { name: "@a/a", license: "MIT" },
    { "licence.txt": "Do as you like." },
  );
  const notice = formatNotice(
    await bundledPackages(root.path, metafile({ "src/main.ts": 9, [b]: 1, [a]: 1 })),
  );
  expect(notice).toContain("\n@a/a 1.0.0 (MIT)\nb 1.0.0 (MIT)\n\nDo as you like.\n");
  expect(notice.split("Do as you like.")).toHaveLength(2);
});

test("what nothing is left of in the bundle is not in it", async () => {
  await using root = await tempDir();
  const used = await writePackage(root.path, { name: "used", license: "ISC" });
  const shaken = await writePackage(root.path, { name: "shaken" });
  const packages = await bundledPackages(root.path, metafile({ [used]: 1, [shaken]: 0 }));
  expect(packages.map(({ name }) => name)).toEqual(["used"]);
});

test("a package without the text of its licence is listed with its author and where the text is", async () => {
  await using root = await tempDir();
  const bare = await writePackage(root.path, { name: "bare", license: "MIT", author: "Ann" });
  const notice = formatNotice(await bundledPackages(root.path, metafile({ [bare]: 1 })));
  expect(notice).toMatch(
    /bare 1\.0\.0 \(MIT\)\n\nCopyright of Ann\..*https:\/\/spdx\.org\/licenses\/MIT\.html/,
  );
});

test("a package without a licence fails the build", async () => {
  await using root = await tempDir();
  const unlicensed = await writePackage(root.path, { name: "unlicensed" });
  await expect(bundledPackages(root.path, metafile({ [unlicensed]: 1 }))).rejects.toThrow(
    "unlicensed 1.0.0 states no licence",
  );
});
