import { UsageError } from "../../errors.ts";
import type { Sourced } from "../../settings.ts";

/** The minutes that a setting names, in milliseconds. Throws UsageError. */
export function parsePatience({ value, source }: Sourced<string>): number {
  const minutes = /^\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) : Number.NaN;
  if (!(minutes > 0 && Number.isFinite(minutes))) {
    throw new UsageError(`"${value}" (from ${source}) is not a number of minutes.`, {
      hint: "It says how long trouble with AWS is waited out, such as 15.",
    });
  }
  return minutes * 60_000;
}
