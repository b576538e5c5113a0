// What the example workflow and the tests need beside Node, where Debian has it, and how to get it.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, createWriteStream, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/**
 * A program, or a module of Python's, with the names under which it counts as there.
 * `neededFor`: "workflow", the example does not run without it; "choice", Augur can do without it; "tests", only some tests use it.
 * @typedef {{ name: string, commands?: string[], pythonModule?: string, debian: string, conda?: string,
 *   onlyDebian?: boolean, neededFor: "workflow" | "choice" | "tests" }} Tool
 */

/**
 * The computer, as far as it matters here.
 * @typedef {{ debian: boolean, root: boolean }} System
 */

/**
 * What to do about the tools that are missing.
 * @typedef {{ kind: "nothing" } | { kind: "install", packages: string[] }
 *   | { kind: "tell", missing: Tool[], command: string }} Plan
 */

/** @type {readonly Tool[]} */
const tools = [
  { name: "snakemake", commands: ["snakemake"], debian: "snakemake", neededFor: "workflow" },
  { name: "augur", commands: ["augur"], debian: "augur", neededFor: "workflow" },
  { name: "mafft", commands: ["mafft"], debian: "mafft", neededFor: "workflow" },
  { name: "iqtree", commands: ["iqtree2", "iqtree"], debian: "iqtree", neededFor: "workflow" },
  {
    name: "fasttree",
    commands: ["fasttree", "FastTree", "FastTreeMP"],
    debian: "fasttree",
    neededFor: "choice",
  },
  { name: "raxml", commands: ["raxmlHPC", "raxml-ng"], debian: "raxml", neededFor: "choice" },
  { name: "zip", commands: ["zip"], debian: "zip", neededFor: "workflow" },
  { name: "unzip", commands: ["unzip"], debian: "unzip", neededFor: "workflow" },
  { name: "python3", commands: ["python3"], debian: "python3", conda: "python", neededFor: "tests" },
  { name: "aws", commands: ["aws"], debian: "awscli", conda: "awscli", neededFor: "tests" },
  { name: "boto3", pythonModule: "boto3", debian: "python3-boto3", neededFor: "tests" },
  { name: "openssl", commands: ["openssl"], debian: "openssl", neededFor: "tests" },
  { name: "bzip2", commands: ["bzip2"], debian: "bzip2", neededFor: "tests" },
  { name: "zsh", commands: ["zsh"], debian: "zsh", neededFor: "tests" },
  { name: "chromium", commands: ["chromium"], debian: "chromium", neededFor: "tests" },
  { name: "shellcheck", commands: ["shellcheck"], debian: "shellcheck", neededFor: "tests" },
  { name: "fish", commands: ["fish"], debian: "fish", neededFor: "tests" },
  // Containers, and the image for them: tests make it from Debian's packages, and only on Debian.
  { name: "podman", commands: ["podman"], debian: "podman", onlyDebian: true, neededFor: "tests" },
  // Podman's init, a package that it only recommends.
  { name: "catatonit", commands: ["catatonit"], debian: "catatonit", onlyDebian: true, neededFor: "tests" },
  { name: "runc", commands: ["runc"], debian: "runc", onlyDebian: true, neededFor: "tests" },
  {
    name: "debootstrap",
    commands: ["debootstrap"],
    debian: "debootstrap",
    onlyDebian: true,
    neededFor: "tests",
  },
];

/**
 * What is missing, and what to do about it: install it (Debian, as root), or tell the user the one command that does.
 * @param {{ forTests: boolean, has: (tool: Tool) => boolean, system: System }} options
 * @returns {Plan}
 */
export function planTools({ forTests, has, system }) {
  const missing = tools.filter(
    (tool) => (forTests || tool.neededFor !== "tests") && (system.debian || !tool.onlyDebian) && !has(tool),
  );
  if (missing.length === 0) return { kind: "nothing" };
  const packages = missing.map((tool) => tool.debian);
  if (system.debian && system.root) return { kind: "install", packages };
  const command = system.debian
    ? `sudo apt-get install --no-install-recommends ${packages.join(" ")}`
    : `conda install --channel conda-forge --channel bioconda ${missing.map((tool) => tool.conda ?? tool.name).join(" ")}`;
  return { kind: "tell", missing, command };
}

/**
 * Whether `/etc/os-release` is Debian's, or that of a distribution made from it.
 * @param {string} osRelease
 */
export function isDebian(osRelease) {
  return [...osRelease.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].some(([, value]) =>
    (value ?? "").replace(/["']/g, "").split(/\s+/).includes("debian"),
  );
}

/**
 * Installs what is missing or says how to. True where everything that the workflow itself needs is there in the end.
 * @param {{ forTests: boolean }} options
 * @returns {Promise<boolean>}
 */
export async function ensureTools({ forTests }) {
  const plan = planTools({ forTests, has: isThere, system: thisSystem() });
  if (plan.kind === "install") await install(plan.packages);
  if (plan.kind === "tell") {
    console.error(`Missing on this computer: ${namesOf(plan.missing)}. To install:\n\n    ${plan.command}\n`);
  }
  const stillMissing = tools.filter((tool) => tool.neededFor === "workflow" && !isThere(tool));
  if (stillMissing.length > 0) console.error(`A workflow cannot run here without: ${namesOf(stillMissing)}`);
  return stillMissing.length === 0;
}

/** @param {Tool[]} some */
function namesOf(some) {
  return some.map((tool) => tool.name).join(", ");
}

/** @param {Tool} tool */
function isThere(tool) {
  if (tool.commands?.some((command) => onPath(command))) return true;
  const imports = ["-c", `import ${tool.pythonModule}`];
  return (
    tool.pythonModule !== undefined &&
    ["python3", "/usr/bin/python3"].some(
      (python) => spawnSync(python, imports, { stdio: "ignore" }).status === 0,
    )
  );
}

/** @param {string} command */
function onPath(command) {
  return (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @returns {System} */
function thisSystem() {
  let osRelease = "";
  try {
    osRelease = readFileSync("/etc/os-release", "utf8");
  } catch {
    // macOS and others have no such file.
  }
  return { debian: isDebian(osRelease) && onPath("apt-get"), root: process.getuid?.() === 0 };
}

/**
 * Installs packages of Debian's, with the output in a file.
 * @param {string[]} packages
 */
async function install(packages) {
  const log = join(mkdtempSync(join(tmpdir(), "nextstrain-install-")), "apt-get.log");
  console.error(`Installing ${packages.join(", ")} from Debian's packages: a minute or more (log: ${log})`);
  const started = Date.now();
  // A package list that cannot be fetched may be one that none of these packages comes from: go on, and see.
  await aptGet(["update"], log);
  const failure = await aptGet(["install", "--yes", "--no-install-recommends", ...packages], log);
  if (failure === undefined) {
    console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s`);
    return;
  }
  console.error(`They could not be installed: apt-get ${failure}. The end of ${log}:\n`);
  console.error(readFileSync(log, "utf8").trimEnd().split("\n").slice(-10).join("\n"));
  console.error("\nTo try it yourself:\n");
  console.error(`    apt-get update && apt-get install --no-install-recommends ${packages.join(" ")}\n`);
}

/**
 * @param {string[]} args
 * @param {string} log the file to which its output is appended
 * @returns {Promise<string | undefined>} how it failed, if it did
 */
function aptGet(args, log) {
  const output = createWriteStream(log, { flags: "a" });
  const child = spawn("apt-get", ["--quiet", "-o", "DPkg::Lock::Timeout=120", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  return new Promise((resolve) => {
    /** @param {string | undefined} failure */
    const end = (failure) => output.end(() => resolve(failure));
    child.on("error", (error) => end(`does not start (${error.message})`));
    child.on("close", (code, signal) =>
      end(code === 0 ? undefined : `ended with ${signal ?? `status ${code}`}`),
    );
  });
}
