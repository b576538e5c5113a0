import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { lockRuntime } from "./lock.ts";

test("a second is refused while the first holds it, and let in after", async () => {
  await using place = await tempDir();
  {
    await using _ = await lockRuntime(place.path);
    await expect(lockRuntime(place.path)).rejects.toThrow(
      new RegExp(`Another nextstrain is .*process ${process.pid}`),
    );
  }
  await using _ = await lockRuntime(place.path);
  expect(await readdir(place.path)).toEqual(["lock"]);
});

test("the lock of a process that has ended counts for nothing", async () => {
  await using place = await tempDir();
  // Beyond the highest number that a system gives.
  await writeFile(join(place.path, "lock"), "999999999");
  await using _ = await lockRuntime(place.path);
  expect(await readdir(place.path)).toEqual(["lock"]);
});
