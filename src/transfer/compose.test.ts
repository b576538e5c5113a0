import { describe, expect, test } from "vitest";
import type { ArchiveEntry } from "../archive/types.ts";
import { planComposition } from "./compose.ts";

const MIB = 1024 * 1024;
/** What a local header and a name of five bytes take. */
const HEADER = 35;

/** An archive of entries of these sizes, one after another, and its directory's offset. */
function archiveOf(sizes: readonly number[]) {
  let offset = 0;
  const entries = sizes.map((size, index): ArchiveEntry => {
    const localHeaderOffset = offset;
    offset += HEADER + size;
    return {
      path: `f${String(index).padStart(4, "0")}`,
      kind: "file",
      size,
      compressedSize: size,
      method: "stored",
      crc32: index,
      mtimeMs: 0,
      mode: 0o100644,
      localHeaderOffset,
      madeByInfoZip: false,
    };
  });
  return { entries, offset };
}

function planFor(sizes: readonly number[], isWanted: (index: number) => boolean) {
  const old = archiveOf(sizes);
  return { old, plan: planComposition(old, new Set(old.entries.filter((_, index) => isWanted(index)))) };
}

describe("composing an archive from another one", () => {
  test("copies an unchanged archive in one range, up to its directory", () => {
    const { old, plan } = planFor(new Array(50).fill(MIB), () => true);
    expect(plan.ranges).toEqual([{ start: 0, end: old.offset }]);
    expect(plan.reused).toEqual(old.entries);
    expect(plan.length).toBe(old.offset);
  });

  test("copies over what is no longer wanted between neighbours, and keeps each entry where it comes to lie", () => {
    const { old, plan } = planFor(new Array(50).fill(0.5 * MIB), (index) => index !== 0 && index !== 20);
    expect(plan.ranges).toEqual([{ start: HEADER + 0.5 * MIB, end: old.offset }]);
    expect(plan.reused).toHaveLength(48);
    for (const { path, localHeaderOffset } of plan.reused) {
      const before = old.entries.find((entry) => entry.path === path)?.localHeaderOffset;
      expect(localHeaderOffset).toBe((before ?? 0) - HEADER - 0.5 * MIB);
    }
  });

  test("leaves large dead stretches out, and numbers the offsets on over them", () => {
    const { old, plan } = planFor([20 * MIB, 30 * MIB, 20 * MIB], (index) => index !== 1);
    expect(plan.ranges).toEqual([
      { start: 0, end: HEADER + 20 * MIB },
      { start: old.entries[2]?.localHeaderOffset, end: old.offset },
    ]);
    expect(plan.reused.map(({ localHeaderOffset }) => localHeaderOffset)).toEqual([0, HEADER + 20 * MIB]);
  });

  test("copies no range below 5 MiB, which S3 refuses", () => {
    expect(planFor([4 * MIB, 30 * MIB, 4 * MIB], (index) => index !== 1).plan.ranges).toEqual([]);
  });

  test("copies nothing where most of it would be dead", () => {
    const { plan } = planFor(new Array(64).fill(0.9 * MIB), (index) => index % 3 === 0);
    expect(plan.ranges).toEqual([]);
    expect(plan.reused).toEqual([]);
  });

  test("cuts what is too large for one request into pieces that join up", () => {
    const { old, plan } = planFor(new Array(30).fill(100 * MIB), () => true);
    expect(plan.ranges.length).toBeGreaterThan(1);
    let at = 0;
    for (const { start, end } of plan.ranges) {
      expect(start).toBe(at);
      expect(end - start).toBeLessThanOrEqual(512 * MIB);
      expect(end - start).toBeGreaterThanOrEqual(5 * MIB);
      at = end;
    }
    expect(at).toBe(old.offset);
  });
});
