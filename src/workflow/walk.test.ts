import { mkdirSync, mkdtempSync, rmdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { walk } from "./walk.ts";

test("a directory beyond a link that is gone since it was listed is passed over", async () => {
  const top = mkdtempSync(join(tmpdir(), "walk-"));
  mkdirSync(join(top, "elsewhere/gone"), { recursive: true });
  mkdirSync(join(top, "elsewhere/kept"));
  mkdirSync(join(top, "build"));
  symlinkSync("../elsewhere", join(top, "build/link"));
  const found: string[] = [];
  await walk(join(top, "build"), {
    judge(path) {
      if (path === "link/gone") rmdirSync(join(top, "elsewhere/gone"));
      return "take";
    },
    take: ({ path }) => found.push(path),
    keepBack: () => expect.unreachable("nothing is kept back"),
    warn: (message) => expect.unreachable(message),
    signal: new AbortController().signal,
  });
  expect(found).toEqual(["link/kept"]);
  rmSync(top, { recursive: true });
});
