import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import type { Context } from "../cli/context.ts";
import { UserError } from "../errors.ts";

/** The options of `local-aws start` that make it misbehave. */
export interface FaultFlags {
  /** A file. */
  readonly faults?: string;
  /** Milliseconds. */
  readonly latency?: number;
  /** Of a hundred requests. */
  readonly failRate?: number;
  readonly seed?: number;
}

/**
 * The fault plan that the options ask for, as JSON; undefined where they ask for none. The options' rules follow the file's.
 *
 * @throws UserError where the file cannot be read, or is no JSON object
 */
export async function faultPlan(
  { cwd }: Pick<Context, "cwd">,
  { faults, latency, failRate, seed }: FaultFlags,
): Promise<string | undefined> {
  if (faults === undefined && latency === undefined && failRate === undefined) {
    if (seed === undefined) return undefined;
    throw new UserError("--seed says nothing by itself.", {
      hint: "Give --fail-rate or --faults with it.",
    });
  }
  const plan = faults === undefined ? {} : await readPlan(resolve(cwd, faults));
  const rules = [
    ...(latency === undefined ? [] : [{ fault: "latency", ms: latency }]),
    ...(failRate === undefined ? [] : [{ fault: "any", probability: failRate / 100 }]),
  ];
  const given = plan.rules ?? [];
  return JSON.stringify({
    ...plan,
    ...(seed === undefined ? {} : { seed }),
    // What is wrong in the file local AWS says, which knows all rules.
    rules: Array.isArray(given) ? [...given, ...rules] : given,
  });
}

async function readPlan(path: string): Promise<Readonly<Record<string, unknown>>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`The fault plan cannot be read: ${reason}`, {
      hint: "Give --faults the path of a JSON file.",
    });
  }
  try {
    const plan: unknown = JSON.parse(text);
    if (typeof plan === "object" && plan !== null && !Array.isArray(plan)) return { ...plan };
  } catch {
    // Not JSON: said below.
  }
  throw new UserError(`The fault plan in ${path} is not a JSON object.`, {
    hint: 'It looks like {"seed": 1, "rules": [{"fault": "throttle", "service": "s3", "probability": 0.2}]}.',
  });
}

export function parseMilliseconds(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Give a whole number of milliseconds.");
  return Number(text);
}

export function parsePercent(text: string): number {
  const number = Number(text.replace(/%$/, ""));
  if (!/^\d+(\.\d+)?%?$/.test(text) || number > 100) {
    throw new InvalidArgumentError("Give a percentage, from 0 to 100.");
  }
  return number;
}

export function parseSeed(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("A seed is a whole number.");
  return Number(text);
}
