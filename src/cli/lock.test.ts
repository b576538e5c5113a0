import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../../test/support/temp-dir.ts";
import { lock } from "./lock.ts";

test("a second is refused while the first holds it, and let in after", async () => {
  await using place = await tempDir();
  {
    await using _ = await lock(join(place.path, "lock"), "at it");
    await expect(lock(join(place.path, "lock"), "at it")).rejects.toThrow(
      new RegExp(`Another nextstrain is at it .process ${process.pid}`),
    );
  }
  await using _ = await lock(join(place.path, "lock"), "at it");
  expect(await readdir(place.path)).toEqual(["lock"]);
});

test("the lock of a process that has ended counts for nothing", async () => {
  await using place = await tempDir();
  // Beyond the highest number that a system gives.
  await writeFile(join(place.path, "lock"), "999999999");
  await using _ = await lock(join(place.path, "lock"), "at it");
  expect(await readdir(place.path)).toEqual(["lock"]);
});

test("where it can't be written, it says so", async () => {
  await using place = await tempDir();
  await writeFile(join(place.path, "file"), "");
  await expect(lock(join(place.path, "file/lock"), "at it")).rejects.toMatchObject({
    name: "UserError",
    message: `Nothing can be written in ${place.path}/file (EEXIST).`,
  });
});
