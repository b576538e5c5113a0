// Protects that what a job used at most is told truly, and that a note which the workflow has tampered with is not believed.
import { expect, test } from "vitest";
import type { ArchiveEntry } from "../../archive/types.ts";
import type { Job } from "../../aws/batch.ts";
import type { JobId } from "../../runs/types.ts";
import { adviseSize, createUseReader, describeUse } from "./peak-use.ts";

const GIB = 1024 ** 3;
const JOB = "21ea47dc-6a76-4969-b33a-c9ad25a087c2" as JobId;

/** What is read of an archive with this file. */
async function readFrom(path: string, text: string) {
  const reader = createUseReader(JOB);
  const entry = { path, kind: "file", size: Buffer.byteLength(text) } as ArchiveEntry;
  const fetch = reader.watch(async function* () {
    yield {
      entry,
      data: (async function* () {
        yield Buffer.from(text.slice(0, 5));
        yield Buffer.from(text.slice(5));
      })(),
    };
  });
  let seen = "";
  for await (const { data } of fetch([entry], AbortSignal.any([]))) {
    for await (const piece of data) seen += Buffer.from(piece).toString();
  }
  expect(seen).toBe(text);
  return reader.read();
}

const NOTE = '{"version":1,"memoryBytes":1000,"cores":1.25,"diskBytes":0}';

test.each([
  [".snakemake/log/", NOTE, { memoryBytes: 1000, cores: 1.25, diskBytes: 0 }],
  ["phylogenetic/.snakemake/log/", NOTE, { memoryBytes: 1000, cores: 1.25, diskBytes: 0 }],
  ["results/", NOTE, undefined],
  [".snakemake/log/", NOTE.replace("1,", "2,"), undefined],
  [".snakemake/log/", NOTE.replace("1000", "-1"), undefined],
  [".snakemake/log/", NOTE.replace("1000", '"many"'), undefined],
  [".snakemake/log/", NOTE.slice(0, -1), undefined],
  [".snakemake/log/", "null", undefined],
  [".snakemake/log/", `${NOTE}${" ".repeat(1000)}`, undefined],
])("the note in %s, %s", async (directory, text, use) => {
  expect(await readFrom(`${directory}${JOB}.use.json`, text)).toEqual(use);
});

test("a note of another job is none of this one's", async () => {
  expect(await readFrom(".snakemake/log/other.use.json", NOTE)).toBeUndefined();
});

test("what was used is told beside what was given, where that is known", () => {
  const use = { memoryBytes: 5.1 * GIB, cores: 3.21, diskBytes: 12 * GIB };
  expect(describeUse(use, { vcpus: 8, memoryMib: 14 * 1024 })).toBe(
    "5.1 GiB of 14.0 GiB of memory, 3.2 of 8 cores, 12.0 GiB of disk",
  );
  expect(describeUse(use, { vcpus: undefined, memoryMib: undefined })).toBe(
    "5.1 GiB of memory, 3.2 cores, 12.0 GiB of disk",
  );
});

test("less is advised where it was far less, of a job that ran long enough and to its end", () => {
  const use = { memoryBytes: 5.1 * GIB, cores: 3.2, diskBytes: 0 };
  const job = (changes: Partial<Job> = {}, vcpus = 16, memoryMib = 32 * 1024) =>
    ({
      ...{ status: "SUCCEEDED", startedAt: 0, stoppedAt: 3_600_000, container: { vcpus, memoryMib } },
      ...changes,
    }) as Job;
  expect(adviseSize(use, job())).toBe("--cpus 4 --memory 7gib");
  expect(adviseSize(use, job({}, 4))).toBe("--memory 7gib");
  expect(adviseSize(use, job({}, 4, 8 * 1024))).toBeUndefined();
  expect(adviseSize(use, job({ stoppedAt: 60_000 }))).toBeUndefined();
  expect(adviseSize(use, job({ status: "FAILED" }))).toBeUndefined();
});
