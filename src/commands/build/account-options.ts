import type { AwsBatchOptions } from "../../runtimes/aws-batch/options.ts";
import { parsePriority, parseShare } from "../../runtimes/aws-batch/scheduling.ts";
import type { SettingsReader } from "../../settings.ts";
import type { BuildOptions } from "./options.ts";

/** What some accounts want of each job. Throws UsageError. */
export function accountOptions(
  settings: SettingsReader,
  options: Pick<BuildOptions, "awsBatchShare" | "awsBatchPriority">,
): Pick<AwsBatchOptions, "share" | "priority"> {
  const share = settings.get("awsBatchShare", options.awsBatchShare);
  const priority = settings.get("awsBatchPriority", options.awsBatchPriority);
  return { share: share && parseShare(share), priority: priority && parsePriority(priority) };
}
