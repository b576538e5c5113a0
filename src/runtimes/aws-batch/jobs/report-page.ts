import { formatBytes } from "../../../workflow/quantity.ts";
import type { TimedRule } from "../../../workflow/snakemake-timeline.ts";
import { formatAge } from "../live-text.ts";
import { isEnded, type JobFacts } from "./known-job.ts";
import {
  barsChart,
  coresChart,
  html,
  hueOf,
  type Stretch,
  statesChart,
  type TimeSpan,
} from "./report-chart.ts";
import { SCRIPT, STYLE } from "./report-style.ts";

/** What a report is made from. */
export interface ReportInput {
  readonly facts: JobFacts;
  /** Of the last attempt's log. */
  readonly rules: readonly TimedRule[];
  /** When the job began to pack its results; undefined where the log doesn't say. Milliseconds since 1970. */
  readonly packedFrom: number | undefined;
  /** Why it failed or waits, and what to do. */
  readonly why: readonly string[];
  /** Why there are no rules, where that is so. */
  readonly withoutLog: string | undefined;
  readonly now: number;
  /** Seconds after which a browser is to load the page anew; undefined: never. */
  readonly refresh?: number | undefined;
}

/** Rows of the tables. */
const LONGEST = 50;

/** A report of a job: one page of HTML that needs nothing else. */
export function reportPage(input: ReportInput): string {
  const { facts, rules, why, withoutLog, now } = input;
  const title = `${facts.status} ${facts.runId ?? facts.jobId ?? ""}`;
  const stretches = stretchesOf(input);
  const from = facts.createdAt ?? stretches[0]?.from ?? now;
  const whole: TimeSpan = { from, to: stretches.at(-1)?.to ?? now };
  const running: TimeSpan = { from: facts.startedAt ?? from, to: whole.to };
  const cores = coresChart(rules, running);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
${input.refresh === undefined ? "" : `<meta http-equiv="refresh" content="${input.refresh}">\n`}<title>${html(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1><span class="${html(facts.status)}">${html(facts.status)}</span> ${html(facts.directory ?? facts.runId ?? "")}</h1>
${factsTable(facts, now)}
${why.length > 0 ? `<h2>Why</h2>\n<pre>${html(why.join("\n"))}</pre>` : ""}
<h2>States</h2>
${statesChart(stretches, whole)}
<p class="legend">${stretches.map(({ name, from: start, to }) => `<span class="key ${html(name)}"></span> ${html(name)} ${formatAge(to - start)}`).join(" &nbsp; ")}</p>
${
  rules.length === 0
    ? `<p>${html(withoutLog ?? "The log tells of no Snakemake jobs.")}</p>`
    : `<h2>Cores in use <small>(${cores.most} at most, by the rules' threads)</small></h2>
${cores.chart}
<h2>Snakemake's jobs <small>(${rules.length})</small></h2>
<p class="find"><label>Find: <input id="find" type="search" placeholder="rule or wildcard"></label> <output id="found"></output></p>
${barsChart(rules, running)}
${axis(running)}
${ruleTable(rules, running)}
${longestTable(rules, running)}`
}
<footer>Made by nextstrain jobs report, ${timeText(now)}.</footer>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** What the job was at, one after the other. */
export function stretchesOf({ facts, packedFrom, now }: ReportInput): Stretch[] {
  const { createdAt, startedAt, stoppedAt, status } = facts;
  const end = isEnded(status) ? (stoppedAt ?? now) : now;
  const stretches: Stretch[] = [];
  if (createdAt !== undefined) stretches.push({ name: "waited", from: createdAt, to: startedAt ?? end });
  if (startedAt === undefined) return stretches;
  const packed =
    packedFrom !== undefined && packedFrom > startedAt && packedFrom < end ? packedFrom : undefined;
  stretches.push({ name: "ran", from: startedAt, to: packed ?? end });
  if (packed !== undefined) stretches.push({ name: "packed", from: packed, to: end });
  return stretches;
}

function factsTable(facts: JobFacts, now: number): string {
  const time = (at: number | undefined) => (at === undefined ? undefined : timeText(at));
  const rows: (readonly [string, string | undefined])[] = [
    ["Run", facts.runId],
    ["Job", facts.jobId],
    ["Exit status", facts.exitCode === undefined ? undefined : String(facts.exitCode)],
    ["Command", facts.command?.join(" ")],
    ["Submitted", time(facts.createdAt)],
    ["Started", time(facts.startedAt)],
    ["Ended", isEnded(facts.status) ? time(facts.stoppedAt) : `not yet, ${time(now)}`],
    ["Size", facts.vcpus && facts.memoryMib ? `${facts.vcpus} vCPUs, ${facts.memoryMib} MiB` : undefined],
    ["Sent", facts.sentBytes === undefined ? undefined : formatBytes(facts.sentBytes)],
    ["Brought back", facts.broughtBytes === undefined ? undefined : formatBytes(facts.broughtBytes)],
    ...facts.attempts.map(({ exitCode, reason, statusReason }, index): readonly [string, string] => [
      `Attempt ${index + 1}`,
      [exitCode === undefined ? "" : `exit status ${exitCode}`, reason ?? statusReason ?? ""]
        .filter(Boolean)
        .join(", "),
    ]),
  ];
  const given = rows.filter(([, value]) => value !== undefined && value !== "");
  return `<dl>\n${given.map(([name, value = ""]) => `<dt>${html(name)}</dt><dd>${html(value)}</dd>`).join("\n")}\n</dl>`;
}

/** `2026-11-30 00:00:10 UTC` */
function timeText(time: number): string {
  if (Math.abs(time) > 8.64e15) return "?";
  return new Date(time)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
}

function axis({ from, to }: TimeSpan): string {
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => `<span>${formatAge((to - from) * share)}</span>`);
  return `<div class="axis">${marks.join("")}</div>`;
}

const took = ({ startedAt, endedAt }: TimedRule, span: TimeSpan) => (endedAt ?? span.to) - startedAt;

function ruleTable(rules: readonly TimedRule[], span: TimeSpan): string {
  const byRule = new Map<string, { count: number; sum: number; most: number; failed: number }>();
  for (const rule of rules) {
    const row = byRule.get(rule.rule) ?? { count: 0, sum: 0, most: 0, failed: 0 };
    const time = took(rule, span);
    byRule.set(rule.rule, {
      count: row.count + 1,
      sum: row.sum + time,
      most: Math.max(row.most, time),
      failed: row.failed + (rule.failed ? 1 : 0),
    });
  }
  const rows = [...byRule]
    .sort(([, one], [, other]) => other.sum - one.sum)
    .slice(0, LONGEST)
    .map(([name, { count, sum, most, failed }]) => [
      `<span class="key c${hueOf(name)}"></span> ${html(name)}`,
      String(count),
      formatAge(sum),
      formatAge(most),
      failed ? String(failed) : "",
    ]);
  return table("Rules", ["Rule", "Jobs", "Time in all", "Longest", "Failed"], rows);
}

function longestTable(rules: readonly TimedRule[], span: TimeSpan): string {
  const rows = rules
    .toSorted(
      (one, other) => Number(other.failed) - Number(one.failed) || took(other, span) - took(one, span),
    )
    .slice(0, LONGEST)
    .map((rule) => [
      html(rule.rule),
      html(rule.wildcards),
      formatAge(took(rule, span)),
      rule.failed ? "failed" : rule.endedAt === undefined ? "not ended" : "",
    ]);
  return table("Jobs that failed, and the longest", ["Rule", "Wildcards", "Took", ""], rows);
}

/** @param rows cells of HTML */
function table(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("\n");
  return `<h2>${html(title)}</h2>\n<div class="scroll"><table>\n<thead><tr>${heads.map((head) => `<th>${html(head)}</th>`).join("")}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table></div>`;
}
