import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { startTool } from "../support/run-tool.ts";
import { type Workplace, workplace } from "../support/workplace.ts";

/** What jobs that local AWS runs as processes see of their user. */
let place: Workplace;
beforeEach(async () => {
  place = await workplace();
  await place.write("Snakefile", "");
});
afterEach(() => place[Symbol.asyncDispose]());

function canBeApart(): boolean {
  try {
    execFileSync(
      "unshare",
      ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "true"],
      {
        stdio: "ignore",
      },
    );
    return true;
  } catch {
    return false;
  }
}

const daemonFile = () => join(place.home, ".nextstrain/local-aws/daemon.json");

test("the daemon has nothing of its starter's environment that may be secret", async () => {
  const secret = {
    GITHUB_TOKEN: "hush-token",
    AWS_SECRET_ACCESS_KEY: "hush-key",
    HTTPS_PROXY: "http://me:hush@proxy",
  };
  const started = startTool(["local-aws", "start"], { env: { ...place.env, ...secret }, cwd: place.home });
  expect((await started.ended).exitStatus).toBe(0);
  const { pid } = JSON.parse(await readFile(daemonFile(), "utf8")) as { pid: number };
  const environment =
    process.platform === "linux"
      ? await readFile(`/proc/${pid}/environ`, "utf8")
      : execFileSync("ps", ["eww", "-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  expect(environment).toContain(`PATH=${place.env.PATH}`);
  expect(environment).not.toContain("hush");
});

describe.skipIf(process.platform !== "linux" || !canBeApart() || !["zip", "unzip"].every(have))(
  "apart (needs zip, unzip and namespaces)",
  () => {
    test("a job sees its directory, and neither its user's files, nor local AWS's, nor other processes", async () => {
      await writeFile(join(place.home, "diary.txt"), "dear diary");
      const tools = join(place.home, "tools/bin");
      await mkdir(tools, { recursive: true });
      await writeFile(join(tools, "tool"), "#!/bin/sh\ncat ${0%/*}/../share.txt\n", { mode: 0o755 });
      await writeFile(join(place.home, "tools/share.txt"), "of the tool\n");
      const { HOME = "", PATH } = place.env;
      const script = [
        ...[`ls -A ${HOME}`, `ls -A ${HOME}/.nextstrain 2>&1`, `cat ${HOME}/diary.txt 2>&1`],
        ...[
          "tool",
          `touch ${HOME}/tools/mine 2>&1`,
          "ps -e -o pid= | wc -l",
          "cat /proc/[0-9]*/environ | tr '\\0' '\\n'",
        ],
      ].join("; ");
      const build = startTool(
        [
          "build",
          "--aws-batch",
          "--local-aws",
          "--exec",
          "sh",
          place.directory,
          "-c",
          `(${script}) > seen.txt`,
        ],
        { env: { ...place.env, PATH: `${tools}:${PATH}`, SECRET: "hush" }, cwd: place.home },
      );
      const { stdout, stderr } = await build.ended;
      expect(stderr).toBe("");
      expect(stdout).not.toContain("can read your files");
      const seen = await place.read("seen.txt");
      expect(seen).toMatch(
        /^tools\n.*No such file.*\n.*No such file.*\nof the tool\n.*Read-only file system\n/,
      );
      expect(seen).not.toMatch(/dear|hush|local-aws\.js/);
      // The entrypoint, the script that jobs run in with its helpers, the shell and what it runs.
      expect(Number(/^ *(\d+)$/m.exec(seen)?.[1])).toBeLessThan(25);
      expect(await readdir(join(place.home, "tools"))).not.toContain("mine");
    });
  },
);
