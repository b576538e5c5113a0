import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../../test/support/temp-dir.ts";
import { makeDirectory } from "./make-directory.ts";

test("makes what is missing, with the mode given, and leaves what is there", async () => {
  await using temporary = await tempDir();
  const path = join(temporary.path, "a/b/c");
  await mkdir(join(temporary.path, "a"), { mode: 0o755 });
  await makeDirectory(path, 0o700);
  await writeFile(join(path, "file"), "kept");
  await makeDirectory(path, 0o700);
  expect(await readFile(join(path, "file"), "utf8")).toBe("kept");
  const modes = ["a", "a/b", "a/b/c"].map(
    async (name) => (await stat(join(temporary.path, name))).mode & 0o777,
  );
  expect(await Promise.all(modes)).toEqual([0o755, 0o700, 0o700]);
});

test("several processes may make the same", async () => {
  await using temporary = await tempDir();
  const path = join(temporary.path, "a/b/c/d");
  await Promise.all(Array.from({ length: 20 }, () => makeDirectory(path)));
  expect((await stat(path)).isDirectory()).toBe(true);
});

test("fails where something else is there, and where a link leads nowhere", async () => {
  await using temporary = await tempDir();
  await writeFile(join(temporary.path, "file"), "");
  await symlink("/nonexistent/place", join(temporary.path, "link"));
  await expect(makeDirectory(join(temporary.path, "file"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeDirectory(join(temporary.path, "file/a/b"))).rejects.toMatchObject({ code: "ENOTDIR" });
  await expect(makeDirectory(join(temporary.path, "link/a"))).rejects.toMatchObject({ code: "EEXIST" });
});

test.skipIf(process.platform !== "linux")("fails in /proc, which takes none (needs Linux)", async () => {
  await expect(makeDirectory("/proc/nextstrain/a/b")).rejects.toMatchObject({
    code: "EPERM",
    message: "EPERM: /proc takes no directories, mkdir '/proc/nextstrain'",
  });
});
