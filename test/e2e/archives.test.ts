import { execFile, execFileSync } from "node:child_process";
import {
  chmod,
  chown,
  cp,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { localClients } from "../support/local-clients.ts";
import { cleanEnvironment, type ToolResult } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

const needed = have("zip") && have("unzip");
/** Whose permissions are not looked at reads everything; such tests run as somebody else then. */
const isRoot = process.geteuid?.() === 0;
const NOBODY = 65534;

describe.skipIf(!needed)("real directories, shipped and brought back (needs zip and unzip)", () => {
  let place: Workplace;
  const at = (path: string) => join(place.directory, path);

  beforeAll(async () => {
    place = await workplace();
  });
  afterAll(() => place[Symbol.asyncDispose]());
  beforeEach(async () => {
    await rm(place.directory, { recursive: true, force: true });
    await mkdir(place.directory);
    await place.write("Snakefile", "");
  });

  /** Names in the archive of a build, as the job left it. */
  async function namesInArchive({ stdout }: ToolResult): Promise<string[]> {
    const key = /^uploaded: s3:\/\/nextstrain-jobs\/(\S+)$/m.exec(stdout)?.[1];
    await using clients = await localClients(place.env);
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: "nextstrain-jobs", Key: key }));
    const file = join(place.home, "archive.zip");
    await writeFile(file, (await Body?.transformToByteArray()) ?? "");
    const listed = execFileSync("unzip", ["-Z1", file], {
      encoding: "utf8",
      env: { ...place.env, LC_ALL: "C.UTF-8" },
    });
    return listed.trimEnd().split("\n").sort();
  }

  test("links to files and directories are followed, wherever they lead", async () => {
    const outside = join(place.home, "shared data");
    await mkdir(outside);
    await writeFile(join(outside, "genomes.fasta"), ">a");
    await place.write("real.txt", "real");
    await symlink("real.txt", at("link.txt"));
    await symlink(outside, at("data"));
    await symlink("link.txt", at("link to link.txt"));
    const result = await place.build(
      "cat link.txt 'link to link.txt' data/genomes.fasta > seen.txt; find . -type l | wc -l > links.txt",
    );
    expect(result.stderr).toBe("");
    expect(await place.read("seen.txt")).toBe("realreal>a");
    expect((await place.read("links.txt")).trim()).toBe("0");
  });

  test("cycles and links that lead nowhere are left out, each with a warning", async () => {
    await mkdir(at("a/b"), { recursive: true });
    await place.write("a/file.txt", "x");
    await symlink("../..", at("a/b/up"));
    await symlink("self", at("self"));
    await symlink("absent", at("dangling"));
    const result = await place.build("find . -name 'file.txt' > seen.txt");
    expect(result.exitStatus).toBe(0);
    expect(await place.read("seen.txt")).toBe("./a/file.txt\n");
    for (const path of ["a/b/up", "self", "dangling"]) {
      expect(result.stderr).toMatch(new RegExp(`^Warning: Skipped .*${path}`, "m"));
    }
    expect(result.stderr.trimEnd().split("\n")).toHaveLength(3);
  });

  test("FIFOs and sockets are left out, each with a warning", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at("socket"), resolve));
    try {
      const result = await place.build("ls > seen.txt");
      expect(result.exitStatus).toBe(0);
      expect(await place.read("seen.txt")).toBe("Snakefile\nseen.txt\n");
      expect(result.stderr).toMatch(/^Warning: Skipped pipe: it is /m);
      expect(result.stderr).toMatch(/^Warning: Skipped socket: it is /m);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test("names that are not ASCII are right in the job, once in its archive, and right again here", async () => {
    const names = ["naïve.txt", "文件/数据.txt", "emoji 🦠.txt", "e\u0301.txt"];
    for (const name of names) await place.write(name, "here");
    const result = await place.build(
      'find . -name "*.txt" -exec sh -c \'printf job > "$1"\' _ {} ";"; echo made > é_made.txt',
    );
    expect(result.stderr).toBe("");
    expect(result.exitStatus).toBe(0);
    for (const name of names) expect(await place.read(name)).toBe("job");
    expect(await place.read("é_made.txt")).toBe("made\n");
    const files = (await namesInArchive(result)).filter((name) => !name.endsWith("/"));
    expect(files).toEqual([...names, "é_made.txt", "Snakefile"].sort());
  });

  test("a name that is not UTF-8 is an error that shows it, before anything is sent", async () => {
    await place.run("local-aws", "start");
    const before = await place.objects();
    const path = Buffer.concat([Buffer.from(at("caf")), Buffer.from([0xe9])]);
    await writeFile(path, "x");
    const result = await place.build("true");
    await rm(path);
    expect(result.exitStatus).toBe(1);
    expect(result.stderr).toMatch(/^Error: The name of caf\\xe9 is not UTF-8\.$/m);
    expect(await place.objects()).toEqual(before);
  });

  test("times from before 1980, from the future and from beyond 2107", async () => {
    const seconds = { "old.txt": 300_000_000, "future.txt": 4_000_000_000, "far.txt": 4_800_000_000 };
    for (const [name, time] of Object.entries(seconds)) {
      await place.write(name, "here");
      await utimes(at(name), time, time);
    }
    const result = await place.build(
      "stat -c %Y old.txt > seen.txt; find . -newermt '+1 minute' > later.txt; echo job > future.txt; echo job > far.txt",
    );
    expect(result.stderr).toBe("");
    expect(result.exitStatus).toBe(0);
    expect(await place.read("seen.txt")).toBe("300000000\n");
    // What the job writes has to be newer than what was uploaded, or it would be lost.
    expect(await place.read("later.txt")).toBe("");
    expect(await place.read("future.txt")).toBe("job\n");
    expect(await place.read("far.txt")).toBe("job\n");
    expect((await stat(at("old.txt"))).mtimeMs).toBe(300_000_000_000);
    expect(await namesInArchive(result)).toEqual(
      ["Snakefile", "far.txt", "future.txt", "later.txt", "old.txt", "seen.txt"].sort(),
    );
  });

  test("empty directories are there in the job, and new ones come back", async () => {
    await mkdir(at("results/empty"), { recursive: true });
    const result = await place.build("test -d results/empty && mkdir -p new/empty");
    expect(result.stderr).toBe("");
    expect(result.exitStatus).toBe(0);
    expect((await readdir(place.directory, { recursive: true })).sort()).toEqual(
      ["Snakefile", "new", "new/empty", "results", "results/empty"].sort(),
    );
  });

  test("times to the second and permission bits come and go", async () => {
    await place.write("tool.sh", "#!/bin/sh\n");
    await chmod(at("tool.sh"), 0o750);
    await utimes(at("tool.sh"), 1_600_000_001, 1_600_000_001);
    const result = await place.build(
      "stat -c '%a %Y' tool.sh > seen.txt; echo x > made.sh; chmod 711 made.sh; touch -d @1700000003 made.sh",
    );
    expect(result.exitStatus).toBe(0);
    expect(await place.read("seen.txt")).toBe("750 1600000001\n");
    const made = await stat(at("made.sh"));
    expect([made.mode & 0o777, made.mtimeMs]).toEqual([0o711, 1_700_000_003_000]);
  });

  test("a file that vanishes while the directory is sent is an error that names it, and nothing stays", async () => {
    await place.run("local-aws", "start");
    const before = await place.objects();
    // It takes its time to be read, so that the file after it is there at first, and then no longer.
    const large = await open(at("a large file"), "w");
    await large.truncate(600_000_000);
    await large.close();
    await place.write("vanishing.txt", "x");
    const build = place.startBuild("true");
    await build.seen(/^Uploading /m);
    await rm(at("vanishing.txt"));
    const result = await build.ended;
    expect(result.exitStatus).toBe(1);
    expect(result.stderr).toMatch(/^Error: .*vanishing\.txt/m);
    expect(result.stdout).not.toContain("Submitting job");
    expect(await place.objects()).toEqual(before);
  });
});

describe.skipIf(!needed)("what may not be read (needs zip and unzip)", () => {
  const checkout = fileURLToPath(new URL("../..", import.meta.url));

  test.each([
    ["file", "Cannot read .*closed: permission denied"],
    ["directory", "Cannot read .*closed: permission denied"],
  ])("a %s is an error that names it", async (kind, message) => {
    await using temporary = await tempDir();
    const directory = join(temporary.path, "build");
    const closed = join(directory, "closed");
    const home = join(temporary.path, "home");
    await mkdir(directory);
    await mkdir(home);
    await writeFile(join(directory, "Snakefile"), "");
    await (kind === "file" ? writeFile(closed, "x") : mkdir(closed));
    await chmod(closed, 0);
    // The checkout may lie where only root may look.
    for (const part of ["bin", "dist", "package.json"]) {
      await cp(join(checkout, part), join(temporary.path, "program", part), { recursive: true });
    }
    const program = join(temporary.path, "program", "bin", "nextstrain.js");
    if (isRoot) {
      for (const path of [temporary.path, directory, home, closed]) await chown(path, NOBODY, NOBODY);
    }
    const run = (...args: string[]) =>
      new Promise<ToolResult>((resolve) => {
        const env = cleanEnvironment(home);
        const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
        execFile(
          process.execPath,
          [program, ...args],
          { env, cwd: home, ...user },
          (error, stdout, stderr) => {
            resolve({ stdout, stderr, exitStatus: error ? Number(error.code) : 0 });
          },
        );
      });
    try {
      const result = await run("build", "--aws-batch", "--local-aws", directory);
      expect(result.stderr).toMatch(new RegExp(`^Error: ${message}`, "m"));
      expect(result.exitStatus).toBe(1);
      expect(result.stdout).not.toContain("Submitting job");
      const excluded = await run(
        ...["build", "--aws-batch", "--local-aws", "--exclude-from-upload", "/closed"],
        ...["--exec", "true", directory],
      );
      expect(`${excluded.exitStatus} ${excluded.stderr}`).toMatch(/^0 /);
      expect(await readFile(join(directory, "Snakefile"), "utf8")).toBe("");
    } finally {
      await run("local-aws", "stop");
      await chmod(closed, 0o700);
    }
  });

  test("what is kept from the upload is read once, and again only where it was touched", async () => {
    await using own = await workplace();
    await own.run("local-aws", "start");
    await own.write("Snakefile", "");
    await own.write("kept/large", "content");
    const runs = join(own.home, ".nextstrain/aws-batch/runs");
    const hashOf = async (name: string) => {
      const { excluded } = JSON.parse(gunzipSync(await readFile(join(runs, name))).toString());
      return excluded[0].sha256;
    };
    const recordOfNextRun = async () => {
      const before = await readdir(runs).catch((): string[] => []);
      const result = await own.build("true", "--exclude-from-upload", "/kept");
      expect(`${result.exitStatus} ${result.stderr}`).toBe("0 ");
      const added = (await readdir(runs)).filter((name) => !before.includes(name));
      return added.find((name) => name.endsWith(".files.json.gz")) ?? "";
    };
    const first = await recordOfNextRun();
    const hash = await hashOf(first);
    const record = JSON.parse(gunzipSync(await readFile(join(runs, first))).toString());
    record.excluded[0].sha256 = "from the record";
    await writeFile(join(runs, first), gzipSync(JSON.stringify(record)));
    expect(await hashOf(await recordOfNextRun())).toBe("from the record");
    const now = new Date();
    await utimes(join(own.directory, "kept/large"), now, now);
    expect(await hashOf(await recordOfNextRun())).toBe(hash);
  });
});
