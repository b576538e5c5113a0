import { execFile, execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { cp, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { cleanEnvironment, runTool, startTool } from "../support/run-tool.ts";
import { tempDir } from "../support/temp-dir.ts";
import { workplace } from "../support/workplace.ts";

const runFile = promisify(execFile);
const output = fileURLToPath(new URL("../output", import.meta.url));
const example = fileURLToPath(new URL("../../examples/outbreak", import.meta.url));

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" ? String(address?.port) : "";
}

/** A program that stands in for Auspice: it answers on its port, and says what it was given. */
const standIn = `#!/usr/bin/env node
const { createServer } = require("node:http");
createServer((request, response) => {
  response.end(JSON.stringify({ datasets: [{ request: "zika" }], args: process.argv.slice(2), env: process.env }));
}).listen(process.env.PORT, process.env.HOST);
`;

async function place() {
  const home = await tempDir();
  const build = join(home.path, "zika tutorial");
  await mkdir(join(build, "auspice"), { recursive: true });
  await writeFile(join(build, "auspice", "zika.json"), "{}");
  await mkdir(join(home.path, "bin"));
  const auspice = join(home.path, "bin", "auspice");
  await writeFile(auspice, standIn, { mode: 0o755 });
  const clean = cleanEnvironment(home.path);
  const env = { ...clean, PATH: `${home.path}/bin:${clean.PATH}`, AWS_SECRET_ACCESS_KEY: "secret" };
  return { home, build, auspice, env, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() };
}

test("shows a build's datasets until Control-C, and ends well", async () => {
  await using at = await place();
  const viewing = startTool(["view", at.build], { env: at.env });
  await viewing.seen(/Press Control-C to stop/);
  viewing.child.kill("SIGINT");
  const { stdout, stderr, exitStatus } = await viewing.ended;
  expect({ stderr, exitStatus }).toEqual({
    stderr: "There is no browser here to open it with: open that address in one.\n",
    exitStatus: 0,
  });
  const url = /at (http:\/\/127\.0\.0\.1:\d+)\/zika$/m.exec(stdout)?.[1];
  await expect(fetch(url ?? "")).rejects.toThrow();
});

test("Auspice gets the directories and the address, and none of the user's secrets", async () => {
  await using at = await place();
  const port = await freePort();
  const viewing = startTool(["view", "--no-open", "--port", port, at.build], { env: at.env });
  await viewing.seen(/Press Control-C to stop/);
  const answer = (await (await fetch(`http://127.0.0.1:${port}/`)).json()) as {
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
  expect(answer.args).toEqual([
    ...["view", "--datasetDir", join(at.build, "auspice")],
    ...["--narrativeDir", at.build],
  ]);
  expect(answer.env).toMatchObject({ HOST: "127.0.0.1", PORT: port });
  expect(Object.keys(answer.env).filter((name) => name.startsWith("AWS_"))).toEqual([]);
  viewing.child.kill("SIGTERM");
  expect((await viewing.ended).exitStatus).toBe(143);
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});

test("while one is shown, another gets a port of its own", async () => {
  await using at = await place();
  const first = startTool(["view", "--no-open", at.build], { env: at.env });
  await first.seen(/Press Control-C to stop/);
  const second = startTool(["view", "--no-open", at.build], { env: at.env });
  await second.seen(/Press Control-C to stop/);
  const [one, other] = [first, second].map((viewing) => {
    viewing.child.kill("SIGINT");
    return viewing.ended;
  });
  expect((await one)?.stdout).not.toBe((await other)?.stdout);
});

test("a port that is taken is refused, where it was asked for", async () => {
  await using at = await place();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? String(address?.port) : "";
  const result = await runTool(["view", "--port", port, at.build], { env: at.env });
  server.close();
  expect(result).toMatchObject({ exitStatus: 1, stdout: "" });
  expect(result.stderr).toContain(`Port ${port} of 127.0.0.1 can't be had`);
});

test.each([
  [["view", "last"], 1, /no build on this computer yet/],
  [["view"], 2, /missing required argument 'path'/],
  [["view", "--port", "0", "."], 2, /A port is a number/],
  [["view", "--docker", "."], 2, /--docker has no meaning here: .*\nLeave it out/],
])("nextstrain %j ends with %d and says %s", async (args, exitStatus, message) => {
  await using at = await place();
  const result = await runTool(args, { env: at.env, cwd: at.home.path });
  expect(result.exitStatus).toBe(exitStatus);
  expect(result.stderr).toMatch(message);
});

test("a PORT that is no port is told of by its name", async () => {
  await using at = await place();
  const result = await runTool(["view", at.build], { env: { ...at.env, PORT: "http" } });
  expect(result).toMatchObject({ exitStatus: 2, stdout: "" });
  expect(result.stderr).toContain("PORT is “http”. A port is a number from 1 to 65535.");
});

test("an Auspice that fails is told of, with what it said", async () => {
  await using at = await place();
  await writeFile(at.auspice, "#!/bin/sh\necho broken pipes >&2\nexit 3\n", { mode: 0o755 });
  const result = await runTool(["view", at.build], { env: at.env });
  expect(result).toMatchObject({ exitStatus: 1, stdout: "" });
  expect(result.stderr).toMatch(
    /Auspice ended \(exit status 3\)\.\nbroken pipes\n.*nextstrain setup auspice/s,
  );
});

test.skipIf(!have("npm"))("an installation that fails says why, and leaves nothing (needs npm)", async () => {
  await using at = await place();
  const env = { ...at.env, npm_config_registry: "http://127.0.0.1:1", npm_config_fetch_retries: "0" };
  // As one that was killed has left it.
  await mkdir(join(at.home.path, ".nextstrain", "auspice.new", "node_modules"), { recursive: true });
  const result = await runTool(["setup", "auspice"], { env });
  expect(result.exitStatus).toBe(1);
  expect(result.stderr).toMatch(/npm could not install auspice@\d.*ECONNREFUSED.*Check the network/s);
  expect(await readdir(join(at.home.path, ".nextstrain"))).toEqual([]);
});

/** A registry that has an Auspice of a version and nothing else; it answers for it when `ready` is. */
async function registry(at: { readonly path: string }) {
  // Each once: an archive holds times, and npm is told its hash.
  const packages = new Map<string, Buffer>();
  const packed = (version: string) => {
    const done = packages.get(version);
    if (done) return done;
    const directory = join(at.path, version);
    mkdirSync(join(directory, "package"), { recursive: true });
    writeFileSync(join(directory, "package", "package.json"), JSON.stringify({ name: "auspice", version }));
    const bytes = execFileSync("tar", ["-cz", "-C", directory, "package"]);
    packages.set(version, bytes);
    return bytes;
  };
  const has = { version: "", ready: Promise.resolve(), asked: () => {} };
  const server = createHttpServer(async ({ url = "" }, response) => {
    const { version } = has;
    if (url.endsWith(".tgz")) return void response.end(packed(version));
    has.asked();
    await has.ready;
    const dist = {
      tarball: `${address}/auspice-${version}.tgz`,
      integrity: `sha512-${createHash("sha512").update(packed(version)).digest("base64")}`,
    };
    const versions = { [version]: { name: "auspice", version, dist } };
    response.end(JSON.stringify({ name: "auspice", "dist-tags": { latest: version }, versions }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    has,
    env: { npm_config_registry: address },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

describe.skipIf(!["npm", "tar"].every(have))("an installation (needs npm, tar)", () => {
  const majorIsThree = Number(process.versions.node.split(".")[0]) >= 24;
  const versions = majorIsThree ? ["3.9.1", "3.9.2"] : ["2.9.1", "2.9.2"];

  test("by force puts a newer Auspice in the place of the one that is there, and leaves nothing else", async () => {
    await using at = await place();
    await using npm = await registry(at.home);
    for (const [index, version] of versions.entries()) {
      npm.has.version = version;
      const env = { ...at.env, ...npm.env, npm_config_cache: join(at.home.path, `npm-${index}`) };
      const { stdout } = await runTool(["setup", "auspice", "--force"], { env });
      expect(stdout).toContain(`Auspice ${version} is installed in ${at.home.path}/.nextstrain/auspice.`);
      expect(await readdir(join(at.home.path, ".nextstrain"))).toEqual(["auspice"]);
    }
  });

  /** One that npm waits for, until it is told to go on. */
  async function waiting(at: Awaited<ReturnType<typeof place>>, npm: Awaited<ReturnType<typeof registry>>) {
    npm.has.version = versions[0] ?? "";
    let go = () => {};
    npm.has.ready = new Promise((resolve) => {
      go = resolve;
    });
    const asked = new Promise<void>((resolve) => {
      npm.has.asked = resolve;
    });
    const env = { ...at.env, ...npm.env };
    const first = startTool(["setup", "auspice"], { env });
    await asked;
    return { first, go, env };
  }

  test("that is stopped leaves nothing", async () => {
    await using at = await place();
    await using npm = await registry(at.home);
    const { first, go } = await waiting(at, npm);
    first.child.kill("SIGINT");
    expect((await first.ended).exitStatus).toBe(130);
    go();
    expect(await readdir(join(at.home.path, ".nextstrain"))).toEqual([]);
  });

  test("refuses another at the same time", async () => {
    await using at = await place();
    await using npm = await registry(at.home);
    const { first, go, env } = await waiting(at, npm);
    const second = await runTool(["setup", "auspice"], { env });
    expect(second.stderr).toContain(
      `Error: Another nextstrain is installing Auspice (process ${first.child.pid}).\n`,
    );
    expect(second.exitStatus).toBe(1);
    go();
    expect((await first.ended).exitStatus).toBe(0);
  });
});

const npmHasAuspice = have("npm") && spawnSync("npm", ["view", "auspice@2", "version"]).status === 0;
const tools = ["chromium", "snakemake", "augur", "mafft"].every(have);

describe.skipIf(!npmHasAuspice || !tools)(
  "the real Auspice (needs npm with its registry, chromium, snakemake, augur, mafft)",
  () => {
    test("is installed, and shows the last build's tree in a browser", { timeout: 1_800_000 }, async () => {
      await using work = await workplace();
      // npm's settings are the computer's: its registry, its cache, the proxy on the way there.
      const env = {
        ...process.env,
        ...work.env,
        npm_config_cache: process.env.npm_config_cache ?? join(homedir(), ".npm"),
      };
      const set = await runTool(["setup", "auspice"], { env });
      expect(set).toMatchObject({ exitStatus: 0, stderr: "" });
      expect((await runTool(["setup", "auspice"], { env })).stdout).toMatch(/is installed already/);

      const directory = join(work.home, "outbreak");
      await cp(example, directory, { recursive: true });
      const built = await work.run("build", "--aws-batch", "--local-aws", directory);
      expect(built.stderr).toContain(`To look at the results: nextstrain view ${directory}\n`);

      const port = await freePort();
      const viewing = startTool(["view", "--no-open", "--port", port, "last"], { env });
      await viewing.seen(new RegExp(`http://127.0.0.1:${port}/outbreak`));
      await mkdir(output, { recursive: true });
      const screenshot = join(output, "view.png");
      const browse = (...args: string[]) =>
        // A page of a small tree is some 200 kB of SVG.
        runFile(
          "chromium",
          [
            ...["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000"],
            ...[
              "--virtual-time-budget=20000",
              `--user-data-dir=${join(work.home, "chromium")}`,
              ...args,
              `http://127.0.0.1:${port}/outbreak`,
            ],
          ],
          { maxBuffer: 64 * 1024 * 1024 },
        );
      const { stdout: dom } = await browse("--dump-dom");
      await browse(`--screenshot=${screenshot}`);
      viewing.child.kill("SIGINT");
      expect((await viewing.ended).exitStatus).toBe(0);

      const { tree } = JSON.parse(await readFile(join(directory, "auspice", "outbreak.json"), "utf8"));
      expect(dom.match(/class="tip"/g)?.length).toBe(countTips(tree));
      expect((await stat(screenshot)).size).toBeGreaterThan(10_000);
    });
  },
);

interface TreeNode {
  readonly children?: readonly TreeNode[];
}

function countTips({ children }: TreeNode): number {
  return children ? children.reduce((sum, child) => sum + countTips(child), 0) : 1;
}
