import { DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { Aws } from "../../aws/clients.ts";
import { LOG_GROUP } from "../../aws/log-place.ts";
import { look } from "../look.ts";
import type { Seen } from "../seen.ts";

/** The log group of Batch jobs. */
export interface LogGroup {
  /** Undefined: for ever. */
  readonly retentionDays: number | undefined;
}

/** Looks at the log group `/aws/batch/job` (DescribeLogGroups); absent before an account's first job. */
export function seeLogGroup({ logs }: Aws, signal: AbortSignal): Promise<Seen<LogGroup>> {
  return look(
    {
      doing: `look up the log group ${LOG_GROUP}`,
      permission: "logs:DescribeLogGroups",
      signal,
    },
    async (abortSignal) => {
      const { logGroups = [] } = await logs.send(
        new DescribeLogGroupsCommand({ logGroupNamePrefix: LOG_GROUP }),
        { abortSignal },
      );
      const group = logGroups.find(({ logGroupName }) => logGroupName === LOG_GROUP);
      return group && { retentionDays: group.retentionInDays };
    },
  );
}
