import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { writeEnvd } from "./envd-directory.ts";

test("variables are for this user's eyes only, and are gone in the end", async () => {
  await using place = await tempDir();
  // A relative TMPDIR is none to an engine, which wants to mount it.
  const context = { env: { TMPDIR: "." }, cwd: place.path };
  {
    await using envd = await writeEnvd(context, new Map([["TOKEN", "t0ken"]]));
    const path = envd.path ?? "";
    expect(path.startsWith(`${place.path}/`)).toBe(true);
    expect(await readFile(join(path, "TOKEN"), "utf8")).toBe("t0ken\n");
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(path, "TOKEN"))).mode & 0o777).toBe(0o600);
  }
  expect(await readdir(place.path)).toEqual([]);
});

test("where one can't be written, the others do not stay behind", async () => {
  await using place = await tempDir();
  const variables = new Map([
    ["A", "s3cret"],
    ["B".repeat(300), "a name too long for a file"],
  ]);
  await expect(writeEnvd({ env: { TMPDIR: place.path }, cwd: "/" }, variables)).rejects.toThrow(
    "ENAMETOOLONG",
  );
  expect(await readdir(place.path)).toEqual([]);
});
