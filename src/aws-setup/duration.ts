import { UsageError } from "../errors.ts";

const SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3_600, m: 60, min: 60, s: 1 };

/**
 * A time such as `4h`, `90m` or `1h30m`, in seconds; without a unit it counts seconds.
 *
 * @param source the option, for messages
 * @throws UsageError for anything else
 */
export function parseDuration(text: string, source: string): number {
  const compact = text.replace(/\s/g, "").toLowerCase();
  if (/^\d+$/.test(compact)) return Number(compact);
  const parts = [...compact.matchAll(/(\d+(?:\.\d+)?)(min|[dhms])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== compact) {
    throw new UsageError(`“${text}” is not a time (${source}).`, {
      hint: "Write a number and a unit, such as 4h, 90m or 1h30m.",
    });
  }
  return Math.round(
    parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (SECONDS[unit] ?? 0), 0),
  );
}
