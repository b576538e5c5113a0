import type { LogConfiguration } from "@aws-sdk/client-batch";

/** The log group of Batch jobs whose definition names no other. */
export const LOG_GROUP = "/aws/batch/job";

/** Where a job's log is. */
export type LogPlace =
  | { readonly kind: "group"; readonly group: string; readonly prefix: string | undefined }
  /** Where this program can't read it: in words. */
  | { readonly kind: "elsewhere"; readonly where: string };

/**
 * Reads where the container of a job or a definition writes its log (`logConfiguration`).
 * @param arn name of resource of the job or the definition, for its region
 */
export function readLogPlace(configuration: LogConfiguration | undefined, arn: string | undefined): LogPlace {
  const { logDriver = "awslogs", options = {} } = configuration ?? {};
  if (logDriver !== "awslogs") return { kind: "elsewhere", where: `the log driver ${logDriver}` };
  const group = options["awslogs-group"] || LOG_GROUP;
  const region = options["awslogs-region"];
  if (region && arn && region !== arn.split(":")[3]) {
    return { kind: "elsewhere", where: `the log group ${group} in the region ${region}` };
  }
  return { kind: "group", group, prefix: options["awslogs-stream-prefix"] || undefined };
}

/** Its log group; Batch's own where nothing else is known. */
export function groupOf(log: LogPlace | undefined): string {
  return log?.kind === "group" ? log.group : LOG_GROUP;
}
