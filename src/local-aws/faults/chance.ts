import { createHash } from "node:crypto";

/**
 * A number from 0 up to 1 that depends on nothing but its arguments, so that a plan does the same to the n-th match of a rule each
 * time it is replayed, in whatever order requests of different rules come.
 */
export function chance(seed: number, ...place: readonly (number | string)[]): number {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, ...place]))
    .digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}
