import { spellTime } from "../cli/time-text.ts";
import { kindOf } from "./kinds.ts";
import type { Change } from "./stacks.ts";

const SIGNS: Readonly<Record<Change["action"], string>> = {
  add: "+ create",
  modify: "~ change",
  replace: "! replace",
  "may replace": "! may replace",
  remove: "- remove",
};

/** The order in which people want to know it: what goes away last, where it can't be overlooked. */
const ORDER: readonly Change["action"][] = ["add", "modify", "may replace", "replace", "remove"];

/** A change set as the lines of a table. */
export function planTable(changes: readonly Change[]): string[] {
  const rows = changes
    .toSorted((a, b) => ORDER.indexOf(a.action) - ORDER.indexOf(b.action))
    .map((change) => [SIGNS[change.action], kindOf(change.type), nameOf(change)] as const);
  const width = (column: 0 | 1) => Math.max(0, ...rows.map((row) => row[column].length));
  const [first, second] = [width(0), width(1)];
  return rows.map(([sign, kind, name]) => `  ${sign.padEnd(first)}  ${kind.padEnd(second)}  ${name}`);
}

function nameOf({ action, resource, properties }: Change): string {
  return action === "add" || action === "remove" || properties.length === 0
    ? resource
    : `${resource}: ${properties.join(", ")}`;
}

/** `14 resources to create, 1 to change` */
export function planSummary(changes: readonly Change[]): string {
  const words = {
    add: "create",
    modify: "change",
    "may replace": "replace perhaps",
    replace: "replace",
    remove: "remove",
  };
  const counts = ORDER.flatMap((action) => {
    const count = changes.filter((change) => change.action === action).length;
    return count === 0 ? [] : [{ count, word: words[action] }];
  });
  return counts
    .map(
      ({ count, word }, index) =>
        `${count}${index === 0 ? ` ${count === 1 ? "resource" : "resources"}` : ""} to ${word}`,
    )
    .join(", ");
}

/** Seconds that running jobs get where a change needs other instances: the template's JobExecutionTimeoutMinutes. */
export const TIME_TO_END = 6 * 3600;

/** What to think of before a change that may cost running jobs; undefined where it can't. `limit` is their time limit, in seconds. */
export function dangerToJobs(changes: readonly Change[], limit: number): string | undefined {
  const isChanged = changes.some(
    ({ type, action }) =>
      type === "AWS::Batch::ComputeEnvironment" && action !== "add" && action !== "remove",
  );
  if (!isChanged || limit <= TIME_TO_END) return undefined;
  return `Jobs may run for ${spellTime(limit)}, but are stopped ${spellTime(TIME_TO_END)} after a change that needs other instances: a time without jobs is the best one.`;
}
