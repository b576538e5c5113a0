import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { UserError } from "../errors.ts";
import { decodeManifest, encodeManifest } from "./manifest.ts";
import type { Manifest, RunId } from "./types.ts";

const runId = "0f8fad5b-d9cb-469f-a165-70867728950e" as RunId;
const file = {
  path: "d/é.txt",
  size: 3,
  mtimeMs: 1.5,
  mode: 0o644,
  crc32: 0xffffffff,
  sha256: "0".repeat(64),
};
const manifest: Manifest = { version: 1, runId, uploaded: [file] };

const pack = (value: unknown) => gzipSync(typeof value === "string" ? value : JSON.stringify(value));

test("a manifest is read as it was written, but for overlays' files", async () => {
  const withOverlay = { ...manifest, uploaded: [file, { ...file, path: "../augur/augur/x.py" }] };
  expect(await decodeManifest(await encodeManifest(withOverlay))).toEqual(manifest);
});

test("the user's own files may have any name that a file can have", async () => {
  const uploaded = ["Icon\r", "two\nlines.txt", "x\u009b"].map((path) => ({ ...file, path }));
  const overlay = { ...file, path: "../augur/Icon\r" };
  const odd = await encodeManifest({ ...manifest, uploaded: [...uploaded, overlay] });
  expect((await decodeManifest(odd)).uploaded).toEqual(uploaded);
});

test("what a manifest has beyond its fields is not taken over", async () => {
  const decoded = await decodeManifest(
    pack({ ...manifest, evil: 1, uploaded: [{ ...file, ino: 1, __proto__: 2 }] }),
  );
  expect(decoded).toEqual(manifest);
});

test.each([
  ["text", "no JSON"],
  ["null", null],
  ["a list", []],
  ["no version", { ...manifest, version: undefined }],
  ["no run id", { ...manifest, runId: "x" }],
  ["files that are no list", { ...manifest, uploaded: {} }],
  ["a file without a name", { ...manifest, uploaded: [{ ...file, path: 1 }] }],
  ["a negative size", { ...manifest, uploaded: [{ ...file, size: -1 }] }],
  ["a size with a fraction", { ...manifest, uploaded: [{ ...file, size: 0.5 }] }],
  ["a mode with a type", { ...manifest, uploaded: [{ ...file, mode: 0o100644 }] }],
  ["no time", { ...manifest, uploaded: [{ ...file, mtimeMs: null }] }],
  ["a CRC of 33 bits", { ...manifest, uploaded: [{ ...file, crc32: 2 ** 32 }] }],
  ["a short hash", { ...manifest, uploaded: [{ ...file, sha256: "00" }] }],
  ["one name twice", { ...manifest, uploaded: [file, file] }],
  ["a null file", { ...manifest, uploaded: [null] }],
])("a manifest with %s is refused", async (_what, value) => {
  await expect(decodeManifest(pack(value))).rejects.toThrow("is refused");
});

test.each(["../x", "/etc/passwd", "a/../../x", "a\0", ""])(
  "a manifest that names %j is refused",
  async (path) => {
    const decoding = decodeManifest(pack({ ...manifest, uploaded: [{ ...file, path }] }));
    await expect(decoding).rejects.toThrow(UserError);
    await expect(decoding).rejects.toThrow("unsafe");
  },
);

test("a name that would write to the terminal is shown escaped", async () => {
  const decoding = decodeManifest(
    pack({ ...manifest, uploaded: [{ ...file, path: "../a\u001b]0;x\u009b" }] }),
  );
  await expect(decoding).rejects.toThrow('"../a\\u001b]0;x\\u009b"');
});

test("a bomb is refused before it is unpacked", async () => {
  const bomb = gzipSync(" ".repeat(8 * 1024 * 1024));
  await expect(decodeManifest(bomb)).rejects.toThrow("unpacks to more");
});

test("a manifest of a newer version says so", async () => {
  await expect(decodeManifest(pack({ version: 2 }))).rejects.toThrow("newer version");
});

test("bytes that are not gzip are refused", async () => {
  await expect(decodeManifest(Buffer.from("{}"))).rejects.toThrow("not gzipped JSON");
});
