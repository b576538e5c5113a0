import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TempDir, tempDir } from "../../../../test/support/temp-dir.ts";
import { chooseView } from "./view.ts";

let temporary: TempDir;
let home: string;
beforeEach(async () => {
  temporary = await tempDir();
  home = join(temporary.path, "home");
});
afterEach(() => temporary[Symbol.asyncDispose]());

async function program(path: string): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), "");
}

const view = (path: readonly string[], hidden = [home]) =>
  chooseView({ hidden, path: ["/usr/bin", ...path].join(":"), needed: [] });

test("of a hidden home, what belongs to programs on the PATH is shown", async () => {
  await program("miniconda/bin/python");
  await program("bin/tool");
  expect(await view([join(home, "miniconda/bin"), join(home, "bin"), join(home, "missing/bin")])).toEqual({
    hidden: [home],
    shown: [join(home, "miniconda"), join(home, "bin")],
    hiddenAgain: [],
  });
});

test("and so is what their links lead to, from one to the next", async () => {
  await program("versions/3.11/bin/python");
  await mkdir(join(home, "venv/bin"), { recursive: true });
  await symlink(join(home, "versions/3.11/bin/python"), join(home, "venv/bin/python"));
  await mkdir(join(home, ".local/bin"), { recursive: true });
  await symlink(join(home, "venv/bin/python"), join(home, ".local/bin/snakemake"));
  await program(".local/share/keyrings/login");
  await program(".local/lib/python/site.py");
  const { shown } = await view([join(home, ".local/bin")]);
  expect(shown.toSorted()).toEqual(
    [".local/bin", ".local/lib", "venv", "versions/3.11"].map((path) => join(home, path)),
  );
});

test("a home that is on the PATH itself stays hidden, and so does what is hidden in a part that is shown", async () => {
  await program("tool");
  await program("app/bin/tool");
  await program("app/state/secret");
  const state = join(home, "app/state");
  expect(await view([home, join(home, "app/bin")], [home, state])).toEqual({
    hidden: [home, state],
    shown: [join(home, "app")],
    hiddenAgain: [state],
  });
});

test("what the system needs is never hidden, whoever's home it is", async () => {
  expect((await view([], ["/", "/tmp", "/usr", "/no/such/home", "relative"])).hidden).toEqual([
    "/no/such/home",
  ]);
});
