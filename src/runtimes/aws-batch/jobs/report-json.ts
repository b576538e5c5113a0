import { JSON_VERSION, jobJson, toIso, whyJson } from "./json.ts";
import type { ReportData } from "./report-data.ts";
import { stretchesOf } from "./report-page.ts";

/** A report for programs, as docs/jobs.md and docs/jobs.schema.json have it. */
export function reportJson({ why, ...data }: ReportData): object {
  const { facts, rules, withoutLog, now } = data;
  return {
    version: JSON_VERSION,
    madeAt: toIso(now),
    job: { ...jobJson(facts, now), ...whyJson(why) },
    states: stretchesOf({ ...data, why: [] }).map(({ name, from, to }) => ({
      name,
      from: toIso(from),
      to: toIso(to),
    })),
    rules: rules.map(({ rule, job, wildcards, threads, startedAt, endedAt, failed }) => ({
      ...{ rule, job, wildcards, threads, startedAt: toIso(startedAt), endedAt: toIso(endedAt), failed },
    })),
    withoutLog: withoutLog ?? null,
  };
}
