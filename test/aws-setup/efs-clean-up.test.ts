import { spawnSync } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../support/temp-dir.ts";
import { at, render } from "./rendered.ts";

const isGnu = spawnSync("find", ["--version"], { encoding: "utf8" }).stdout?.includes("GNU") === true;

/** The command of the weekly job, for a file system at this path. */
function command(path: string): readonly string[] {
  const { Resources } = render({ EfsFileSystemId: "fs-12345678", EfsMountPath: path });
  return at(Resources, "EfsCleanUp.Properties.ContainerProperties.Command") as readonly string[];
}

test.skipIf(!isGnu)(
  "what is old is deleted from EFS, and empty directories, but nothing in keep/ (needs GNU find)",
  async () => {
    await using place = await tempDir();
    const directories = ["run/results", "run/empty", "keep/reference", "keeper"];
    const files = ["old.txt", "run/results/tree.json", "keep/reference/genome.fasta", "keeper/notes.txt"];
    for (const directory of directories) await mkdir(join(place.path, directory), { recursive: true });
    for (const file of files) await writeFile(join(place.path, file), "");

    // The time of a change of state can't be set back: so that which is older than 30 days stays here, all else goes.
    const [program = "", ...args] = command(place.path).map((word) => (word === "+30" ? "-30" : word));
    const ran = spawnSync(program, args, { encoding: "utf8" });
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect((await readdir(place.path, { recursive: true })).sort()).toEqual([
      "keep",
      "keep/reference",
      "keep/reference/genome.fasta",
    ]);
    expect(ran.stdout).toContain(join(place.path, "run/results/tree.json"));
  },
);

test.skipIf(!isGnu)("what is young stays on EFS (needs GNU find)", async () => {
  await using place = await tempDir();
  await mkdir(join(place.path, "run"));
  await writeFile(join(place.path, "run", "tree.json"), "");
  const [program = "", ...args] = command(place.path);
  expect(spawnSync(program, args, { encoding: "utf8" })).toMatchObject({ status: 0, stdout: "", stderr: "" });
  expect(await readdir(join(place.path, "run"))).toEqual(["tree.json"]);
});
