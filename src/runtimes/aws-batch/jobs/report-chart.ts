import type { TimedRule } from "../../../workflow/snakemake-timeline.ts";
import { formatAge } from "../live-text.ts";

/** What is drawn lies between these: milliseconds since 1970. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** Units of the drawings' width; browsers stretch them. */
const WIDTH = 1000;
const LANE = 14;
const CORES_HEIGHT = 80;
/** Steps of the line of cores, at most: more than a screen has points. */
const STEPS = 2000;
/** Colours of bars: each rule has one of so many. */
export const HUES = 12;

export function html(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const scale =
  ({ from, to }: TimeSpan) =>
  (time: number) => {
    const share = (time - from) / Math.max(1, to - from);
    return Number((WIDTH * Math.min(1, Math.max(0, share))).toFixed(2));
  };

/**
 * A bar for each run of a Snakemake job, in as few lanes as run beside each other. Of ten thousand, browsers draw those with titles much
 * later: a script makes a title of the label of the one that is pointed at.
 */
export function barsChart(rules: readonly TimedRule[], span: TimeSpan): string {
  const x = scale(span);
  const busyUntil: number[] = [];
  const bars = rules.map((rule) => {
    const end = rule.endedAt ?? span.to;
    let lane = busyUntil.findIndex((until) => until <= rule.startedAt);
    if (lane === -1) lane = busyUntil.length;
    busyUntil[lane] = Math.max(end, rule.startedAt + 1);
    const left = x(rule.startedAt);
    // What failed is to be seen among thousands.
    const width = Math.max(rule.failed ? 1.5 : 0.5, Number((x(end) - left).toFixed(2)));
    const state = rule.failed ? " failed" : rule.endedAt === undefined ? " open" : "";
    const label = `${rule.rule}${rule.wildcards ? ` (${rule.wildcards})` : ""}: ${formatAge(end - rule.startedAt)}${rule.failed ? ", failed" : ""}`;
    const bar = `<rect class="bar c${hueOf(rule.rule)}${state}" x="${left}" y="${lane * LANE}" width="${width}" height="${LANE - 2}" data-label="${html(label)}"/>`;
    return { bar, failed: rule.failed };
  });
  // These lie above the others.
  const drawn = bars.toSorted((one, other) => Number(one.failed) - Number(other.failed));
  return svg(
    Math.max(1, busyUntil.length) * LANE,
    drawn.map(({ bar }) => bar).join("\n"),
    "Snakemake's jobs over time",
  );
}

/** How many cores the rules that ran had claimed, over time. */
export function coresChart(
  rules: readonly TimedRule[],
  span: TimeSpan,
): { readonly chart: string; readonly most: number } {
  const x = scale(span);
  const changes = rules
    .flatMap(({ startedAt, endedAt = span.to, threads }) => [
      { time: startedAt, by: threads },
      { time: endedAt, by: -threads },
    ])
    .sort((one, other) => one.time - other.time || one.by - other.by);
  // The most within each step: what is lower in between would not be seen.
  const steps = new Map<number, number>();
  let cores = 0;
  let most = 0;
  for (const { time, by } of changes) {
    const step = Math.round((x(time) * STEPS) / WIDTH);
    if (!steps.has(step)) steps.set(step, cores);
    cores += by;
    most = Math.max(most, cores);
    steps.set(step, by > 0 ? Math.max(cores, steps.get(step) ?? 0) : cores);
  }
  const y = (value: number) => Number((CORES_HEIGHT - (CORES_HEIGHT * value) / Math.max(1, most)).toFixed(1));
  const path = [...steps].map(([step, value]) => `H${(step * WIDTH) / STEPS}V${y(value)}`).join("");
  const area = `<path class="cores" d="M0 ${CORES_HEIGHT}${path}V${CORES_HEIGHT}H0Z"/>`;
  return { chart: svg(CORES_HEIGHT, area, "Cores in use over time"), most };
}

/** A stretch of a job's life. */
export interface Stretch {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** What the job was at, one after the other. */
export function statesChart(stretches: readonly Stretch[], span: TimeSpan): string {
  const x = scale(span);
  const bars = stretches.map(({ name, from, to }) => {
    const width = Math.max(0.5, Number((x(to) - x(from)).toFixed(2)));
    const title = `${name}: ${formatAge(to - from)}`;
    return `<rect class="state ${html(name)}" x="${x(from)}" y="0" width="${width}" height="20"><title>${html(title)}</title></rect>`;
  });
  return svg(20, bars.join("\n"), "The job's states over time");
}

function svg(height: number, content: string, label: string): string {
  return `<svg role="img" aria-label="${html(label)}" viewBox="0 0 ${WIDTH} ${height}" preserveAspectRatio="none" style="height:${height}px">\n${content}\n</svg>`;
}

/** Which of the colours a rule has. */
export function hueOf(rule: string): number {
  let hash = 0;
  for (const character of rule) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 100_003;
  // Names that differ little, such as a and b, have colours that differ much.
  return (hash * 5) % HUES;
}
