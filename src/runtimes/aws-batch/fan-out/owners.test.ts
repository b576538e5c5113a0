import { expect, test } from "vitest";
import { entryOf, jobTime } from "../../../results/test-support.ts";
import type { RunFiles } from "../../../results/types.ts";
import { createOwners } from "./owners.ts";

const state = (path: string) => ({ path, size: 3, mtimeMs: 1, mode: 0o644, crc32: 7, sha256: "" });
const began: RunFiles = {
  source: "manifest",
  uploaded: new Map([["data", state("data")]]),
  excluded: new Map(),
  directories: new Set(),
};

test("a file that two made alike gets the older of their times, whichever comes first", () => {
  const later = jobTime + 5_000;
  for (const [first, second] of [[jobTime, later] as const, [later, jobTime] as const]) {
    const owners = createOwners();
    owners.of("a", "part").reconcile([entryOf("x", "same", { mtimeMs: first })], began);
    const { entries } = owners.of("b", "part").reconcile([entryOf("x", "same", { mtimeMs: second })], began);
    expect(entries.map(({ mtimeMs }) => mtimeMs)).toEqual([jobTime]);
    expect(owners.clashes()).toEqual([]);
  }
});

test("a file that two made differently is nothing that the second may replace", () => {
  const owners = createOwners();
  owners.of("a", "part").reconcile([entryOf("data", "one")], began);
  const second = owners.of("b", "part").reconcile([entryOf("data", "two")], began);
  expect(second.began?.uploaded.has("data")).toBe(false);
  expect(second.whyOther("data")).toBe("a has made it, too, with other content");
  expect(second.whyOther("other")).toBeUndefined();
  expect(owners.clashes()).toEqual([{ path: "data", labels: ["a", "b"] }]);
});

test("Snakemake's own files, and what nobody wants, belong to none", () => {
  const owners = createOwners((path) => path !== "unwanted");
  for (const label of ["a", "b"])
    owners
      .of(label, "part")
      .reconcile([entryOf(".snakemake/log/x", label), entryOf("unwanted", label)], began);
  expect(owners.clashes()).toEqual([]);
});

test("of a whole archive only what its job changed is its own", () => {
  const owners = createOwners();
  const archive = [entryOf("data", "abc", { crc32: 7 }), entryOf("new", "one")];
  owners.of("first", "archive").reconcile(archive, began);
  owners.of("a", "part").reconcile([entryOf("data", "two"), entryOf("new", "two")], began);
  expect(owners.clashes()).toEqual([{ path: "new", labels: ["first", "a"] }]);
});
