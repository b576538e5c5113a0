import { expect, test } from "vitest";
import { findRecord, newestVersion } from "./repodata.ts";

const record = { name: "b", version: "1", sha256: "00", depends: ["x"], notes: "}" };
const repodata = JSON.stringify({
  packages: { "a-1.tar.bz2": { name: "a", sees: ["b-1.tar.bz2"] }, "b-1.tar.bz2": record },
});

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each([1, 7, 100_000])("a record is found however the text is cut (%i bytes)", async (size) => {
  expect(await findRecord(inPieces(repodata, size), "b-1.tar.bz2")).toEqual(record);
  expect(await findRecord(inPieces(repodata, size), "c-1.tar.bz2")).toBeUndefined();
});

test("the newest version is by number, not by letter", () => {
  const of = (version: string) => ({ name: "p", version });
  const packages = { one: of("1.9"), two: of("1.10"), other: { name: "q", version: "2" } };
  expect(newestVersion(JSON.stringify({ packages, "packages.conda": { three: of("1.2") } }), "p")).toBe(
    "1.10",
  );
  expect(newestVersion("{}", "p")).toBeUndefined();
});
