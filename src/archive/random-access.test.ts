import { expect, test } from "vitest";
import { bytesSource, readRange } from "./random-access.ts";
import { fussySource, noise } from "./testing.ts";

test("reading stops with the signal's reason", async () => {
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await expect(readRange(bytesSource(noise(10)), 0, 5, signal)).rejects.toBe(reason);
});

test("an answer that is too short, or a range past the end, is an error", async () => {
  const { source } = fussySource(noise(10), 3);
  const short = { ...source, read: (offset: number) => source.read(offset, 2) };
  await expect(readRange(short, 0, 5)).rejects.toMatchObject({ code: "truncated" });
  await expect(readRange(bytesSource(noise(10)), 8, 5)).rejects.toMatchObject({ code: "truncated" });
});
