import { joinTags, parseTagList, parseTags } from "../../aws/tags.ts";
import { UsageError } from "../../errors.ts";
import type { AwsBatchOptions } from "../../runtimes/aws-batch/options.ts";
import { MOST_ATTEMPTS } from "../../runtimes/aws-batch/retries.ts";
import { parsePriority, parseShare } from "../../runtimes/aws-batch/scheduling.ts";
import { requiredSetting, type SettingsReader, type Sourced } from "../../settings.ts";
import type { BuildOptions } from "./options.ts";
import { parseSwitch } from "./switch.ts";

/** What accounts, or images, want of each job. Throws UsageError. */
export function accountOptions(
  settings: SettingsReader,
  options: Partial<Pick<BuildOptions, "awsBatchShare" | "awsBatchPriority" | "retries" | "tag">>,
): Pick<AwsBatchOptions, "share" | "priority" | "tags" | "gracefulStop" | "checkpointSeconds" | "retries"> {
  const share = settings.get("awsBatchShare", options.awsBatchShare);
  const priority = settings.get("awsBatchPriority", options.awsBatchPriority);
  const retries = settings.get("awsBatchRetries", options.retries);
  const configured = settings.get("awsBatchTags", undefined);
  return {
    share: share && parseShare(share),
    priority: priority && parsePriority(priority),
    gracefulStop: parseSwitch(requiredSetting(settings, "awsBatchGracefulStop", undefined)),
    checkpointSeconds: parseMinutes(requiredSetting(settings, "awsBatchCheckpoints", undefined)),
    retries: retries && parseRetries(retries),
    // An account may demand those that are configured: the options add to them.
    tags: joinTags(configured ? parseTagList(configured) : {}, parseTags(options.tag ?? [], "--tag")),
  };
}

function parseRetries({ value, source }: Sourced<string>): number {
  const retries = /^\d+$/.test(value.trim()) ? Number(value) : Number.NaN;
  if (retries < MOST_ATTEMPTS) return retries;
  throw new UsageError(
    `“${value}” (from ${source}) is not a number of retries from 0 to ${MOST_ATTEMPTS - 1}.`,
  );
}

/** In seconds, as that is how long a job's script sleeps. */
function parseMinutes({ value, source }: Sourced<string>): number {
  const minutes = /^\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) : Number.NaN;
  if (!Number.isFinite(minutes)) {
    throw new UsageError(`“${value}” (from ${source}) is not a number of minutes.`, {
      hint: "It says how often a job saves what it has finished, such as 10; 0 means never.",
    });
  }
  return Math.ceil(minutes * 60);
}
