import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Builds the program once, since the tests under test/ run what is built. */
export function setup(): void {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: root, stdio: "inherit" });
}
