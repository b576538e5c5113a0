import { UsageError } from "../../errors.ts";
import type { Sourced } from "../../settings.ts";

/** Parses `on` or `off`. Throws UsageError. */
export function parseSwitch({ value, source }: Sourced<string>): boolean {
  if (value === "on" || value === "off") return value === "on";
  throw new UsageError(`“${value}” (from ${source}) is neither on nor off.`);
}
