import { UsageError } from "../errors.ts";

const KI = 1024;
const MIB = KI ** 2;

/** Bytes of each unit, as docker's and the existing program's users write them; a bare letter is binary, as docker's. */
const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: KI,
  mib: MIB,
  gib: KI ** 3,
  tib: KI ** 4,
  k: KI,
  m: MIB,
  g: KI ** 3,
  t: KI ** 4,
};

/**
 * An amount of memory such as `14gib`, `7400mib`, `8gb` or `1.5 GiB`, in bytes (rounded down).
 *
 * @param source where the text came from, for messages: `--memory`, `NEXTSTRAIN_AWS_BATCH_MEMORY from the environment`
 * @param unit what a number without a unit counts: bytes, unless told otherwise
 * @throws UsageError for anything else, and for less than 1 MiB
 */
export function parseMemory(text: string, source: string, unit: "b" | "mib" = "b"): number {
  const match = /^([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([a-z]*)$/i.exec(text.trim());
  const number = Number(match?.[1]);
  const factor = UNITS[match?.[2]?.toLowerCase() || unit];
  const bytes = Math.floor(number * (factor ?? Number.NaN));
  if (!match || !Number.isSafeInteger(bytes)) {
    throw new UsageError(`“${text}” is not an amount of memory (${source}).`, {
      hint: "Write a number and a unit, such as 14gib, 7400mib or 8gb.",
    });
  }
  if (bytes < MIB) {
    throw new UsageError(`“${text}” is less than 1 MiB of memory (${source}).`, { hint: memoryHint(match) });
  }
  return bytes;
}

/** What somebody who forgot the unit, or mistook it, may have meant. */
function memoryHint([, number = "", unit = ""]: RegExpExecArray): string {
  if (unit !== "" || Number(number) === 0) return "Write a number and a unit, such as 14gib, 7400mib or 8gb.";
  // Nobody asks for a job of 64 MiB, nor for one of 512 GiB by mistake.
  return `Without a unit it counts bytes: did you mean ${number}${Number(number) <= 128 ? "gib" : "mib"}?`;
}

/**
 * A number of cores: a whole number from 1.
 *
 * @param source where the text came from, for messages
 * @throws UsageError for anything else
 */
export function parseCpus(text: string, source: string): number {
  const cpus = /^[0-9]+$/.test(text.trim()) ? Number(text) : 0;
  if (cpus < 1 || !Number.isSafeInteger(cpus)) {
    throw new UsageError(`“${text}” is not a number of CPUs (${source}).`, {
      hint: "Write a whole number from 1, such as 4; leave it out to use all there are.",
    });
  }
  return cpus;
}

/** Bytes for people: `512 B`, `1.5 KiB`, `14.0 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = "B";
  for (const next of ["KiB", "MiB", "GiB", "TiB", "PiB"]) {
    // 1023.95 would be written 1024.0
    if (value < (unit === "B" ? KI : KI - 0.05)) break;
    value /= KI;
    unit = next;
  }
  return unit === "B" ? `${Math.round(value)} B` : `${value.toFixed(1)} ${unit}`;
}
