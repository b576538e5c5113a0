import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../../test/support/temp-dir.ts";
import { newRunId } from "./ids.ts";
import { abandonedUploads, forgetUpload, noteUpload } from "./uploads.ts";

const upload = { bucket: "bucket", key: "key.zip", uploadId: "id", region: "us-east-1", localAws: false };
/** More than any process id. */
const GONE = 2 ** 30;

test("an upload whose program has ended is found, and forgotten for good", async () => {
  await using directory = await tempDir();
  await noteUpload(directory.path, newRunId(), upload);
  const [name = ""] = await readdir(directory.path);
  const path = join(directory.path, name);
  expect(await abandonedUploads(directory.path)).toEqual([]);
  await writeFile(path, (await readFile(path, "utf8")).replace(`-p${process.pid}`, `-p${GONE}`));
  const [abandoned] = await abandonedUploads(directory.path);
  expect(abandoned?.upload).toMatchObject(upload);
  await abandoned?.forget();
  expect(await readdir(directory.path)).toEqual([]);
});

test("an upload that was finished is not noted any more, and half a note is passed over", async () => {
  await using directory = await tempDir();
  const runId = newRunId();
  await noteUpload(directory.path, runId, upload);
  await forgetUpload(directory.path, runId);
  expect(await readdir(directory.path)).toEqual([]);
  await writeFile(join(directory.path, `${runId}.upload`), '{"bucket":"buck');
  expect(await abandonedUploads(directory.path)).toEqual([]);
});
