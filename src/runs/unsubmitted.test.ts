import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../../test/support/temp-dir.ts";
import { newRunId } from "./ids.ts";
import { abandonedRuns, forgetUnsubmitted, noteUnsubmitted, readUnsubmitted } from "./unsubmitted.ts";

const run = { runId: newRunId(), bucket: "bucket", key: "key.zip", region: "us-east-1", localAws: false };
/** More than any process id. */
const GONE = 2 ** 30;

test("a run whose program has ended is found, with its upload, and forgotten for good", async () => {
  await using directory = await tempDir();
  await noteUnsubmitted(directory.path, run);
  await noteUnsubmitted(directory.path, { ...run, upload: { id: "id" } });
  const [name = "", ...others] = await readdir(directory.path);
  expect(others).toEqual([]);
  expect(await readUnsubmitted(directory.path, run.runId)).toMatchObject({ ...run, upload: { id: "id" } });
  expect(await abandonedRuns(directory.path, Date.now())).toEqual([]);
  const path = join(directory.path, name);
  await writeFile(path, (await readFile(path, "utf8")).replace(`-p${process.pid}`, `-p${GONE}`));
  expect(await abandonedRuns(directory.path, Date.now())).toMatchObject([{ ...run, upload: { id: "id" } }]);
  await forgetUnsubmitted(directory.path, run.runId);
  expect(await readdir(directory.path)).toEqual([]);
  expect(await readUnsubmitted(directory.path, run.runId)).toBeUndefined();
});

test("half a note is passed over", async () => {
  await using directory = await tempDir();
  await writeFile(join(directory.path, `${newRunId()}.unsubmitted`), '{"bucket":"buck');
  expect(await abandonedRuns(directory.path, Date.now())).toEqual([]);
});

test("of a run of another computer, a week without a word is the end", async () => {
  await using directory = await tempDir();
  await noteUnsubmitted(directory.path, run);
  const path = join(directory.path, `${run.runId}.unsubmitted`);
  await writeFile(path, (await readFile(path, "utf8")).replace(/-h[0-9a-f]{8}-/, "-h00000000-"));
  const day = 24 * 60 * 60 * 1000;
  expect(await abandonedRuns(directory.path, Date.now() + 6 * day)).toEqual([]);
  expect(await abandonedRuns(directory.path, Date.now() + 8 * day)).toMatchObject([run]);
});
