import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { explained } from "../aws/errors.ts";
import { LOG_GROUP } from "../aws/log-place.ts";
import type { Tags } from "../aws/tags.ts";
import type { Logs } from "./services.ts";
import type { Site } from "./site.ts";

/** {@link Logs} of an account and region. */
export function createLogs(client: CloudWatchLogsClient, signal: AbortSignal): Logs {
  const options = { abortSignal: signal };
  return {
    async retention() {
      const { logGroups = [] } = await explained(`look up the log group ${LOG_GROUP}`, signal, () =>
        client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: LOG_GROUP }), options),
      );
      const group = logGroups.find(({ logGroupName }) => logGroupName === LOG_GROUP);
      return group && (group.retentionInDays ?? "ever");
    },

    async create(tags) {
      await explained(`create the log group ${LOG_GROUP}`, signal, async () => {
        try {
          const input = { logGroupName: LOG_GROUP, ...(Object.keys(tags).length > 0 ? { tags } : {}) };
          await client.send(new CreateLogGroupCommand(input), options);
        } catch (error) {
          // A job may have been first.
          if (!(error instanceof Error) || error.name !== "ResourceAlreadyExistsException") throw error;
        }
      });
    },

    async keep(days) {
      await explained(`set the retention of the log group ${LOG_GROUP}`, signal, () =>
        client.send(
          new PutRetentionPolicyCommand({ logGroupName: LOG_GROUP, retentionInDays: days }),
          options,
        ),
      );
    },
  };
}

/** What is to be done about the log group, which all users of Batch in the account share. */
export type LogPlan =
  | { readonly kind: "nothing" }
  /** It is made, with a retention, along with the stack. */
  | { readonly kind: "create"; readonly days: number; readonly tags: Tags }
  /** It keeps its lines for another time than asked for; `now` is what holds. */
  | { readonly kind: "ask"; readonly days: number; readonly now: number | "ever" };

/** Looks at the log group. `days` is the retention asked for, `tags` those of a group that is made. */
export async function planLogGroup({ services }: Site, days: number, tags: Tags): Promise<LogPlan> {
  const now = await services.logs.retention();
  if (now === undefined) return { kind: "create", days, tags };
  return now === days ? { kind: "nothing" } : { kind: "ask", days, now };
}

/**
 * Carries the plan out. Nobody's retention is changed without asking, but --yes sets one where there is none.
 *
 * @param isAgreed whether the user has agreed to a plan that had the log group in it
 */
export async function settleLogGroup(
  { services, questions, context }: Site,
  plan: LogPlan,
  isAgreed: boolean,
): Promise<void> {
  if (plan.kind === "nothing") return;
  if (plan.kind === "create") {
    if (!isAgreed && !(await questions.confirm(`Create the log group ${LOG_GROUP}?`))) return;
    await services.logs.create(plan.tags);
    await services.logs.keep(plan.days);
    context.io.out(`Log group ${LOG_GROUP} created: it keeps its lines for ${plan.days} days.`);
    return;
  }
  const { days, now } = plan;
  const held = now === "ever" ? "for ever, which costs more and more" : `for ${now} days`;
  const kept = `The log group ${LOG_GROUP} keeps its lines ${held}.`;
  const mayChange =
    questions.by === "person"
      ? await questions.confirm(`${kept} All users of AWS Batch here share it. Make it ${days} days?`)
      : now === "ever" && questions.by === "yes";
  if (!mayChange) {
    context.io.out(`${kept} That was left as it is.`);
    return;
  }
  await services.logs.keep(days);
  context.io.out(`Log group ${LOG_GROUP}: it keeps its lines for ${days} days now.`);
}
