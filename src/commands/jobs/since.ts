import { InvalidArgumentError } from "commander";

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** An amount of time such as `90m`, `12h`, `7d` or `2w`, in milliseconds; undefined where it is none. */
export function parseAge(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([smhdw])$/i.exec(text.trim());
  const unit = UNITS[match?.[2]?.toLowerCase() ?? ""];
  return match && unit !== undefined ? Number(match[1]) * unit : undefined;
}

/**
 * A time, as an amount of time before now or as a date (ISO 8601; of this time zone where it names none): milliseconds since 1970.
 * Throws InvalidArgumentError.
 */
export function parseSince(text: string, now: number): number {
  const age = parseAge(text);
  if (age !== undefined) return now - age;
  // A date alone would be taken for one in UTC.
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const time = /^\d{4}-\d{2}/.test(text) ? Date.parse(isDate ? `${text}T00:00` : text) : Number.NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError(
      "Give an amount of time such as 90m, 12h, 7d or 2w, or a date such as 2026-11-30.",
    );
  return time;
}

/** As {@link parseAge}. Throws InvalidArgumentError. */
export function parseAgeOption(text: string): number {
  const age = parseAge(text);
  if (age === undefined) throw new InvalidArgumentError("Give an amount of time such as 12h, 7d or 2w.");
  return age;
}
