import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Rounds of a random test: as many as usual, or NEXTSTRAIN_TEST_ROUNDS for the long way. */
export const roundsOf = (usual: number) => Number(process.env.NEXTSTRAIN_TEST_ROUNDS ?? usual);

/**
 * The first seed of random tests: NEXTSTRAIN_TEST_SEED, or one from the commit. Few rounds of each commit become many, and a
 * commit's are the same wherever it is tested. What fails names its seed. Without Git, 1.
 */
export function firstSeed(): number {
  const { NEXTSTRAIN_TEST_SEED: given } = process.env;
  if (given !== undefined) return Number(given);
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  try {
    const commit = execFileSync("git", ["rev-parse", "HEAD"], {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    // Small enough to be a seed of 32 bits, however many rounds follow.
    return Number.parseInt(commit.slice(0, 7), 16);
  } catch {
    return 1;
  }
}
