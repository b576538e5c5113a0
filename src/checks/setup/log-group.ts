import { LOG_GROUP } from "../../aws/log-place.ts";
import { awsCommand } from "./places.ts";
import { subject } from "./subject.ts";

/** What must hold of the log group that jobs write to. */
export const logGroupSubject = subject({
  id: "logs",
  called: () => `the log group ${LOG_GROUP}`,
  see: (facts) => facts.logGroup(),
  absent: () => ({
    mark: "ok",
    says: `There is no log group ${LOG_GROUP} yet: AWS makes it with the first job.`,
  }),
  checks: [
    {
      id: "logs.exists",
      find: () => ({
        mark: "ok",
        says: `The log group ${LOG_GROUP}, where jobs write their logs, is there.`,
      }),
    },
    {
      id: "logs.retention",
      find({ retentionDays }, facts) {
        if (retentionDays !== undefined) {
          return { mark: "ok", says: `Logs are kept for ${retentionDays} days.` };
        }
        return {
          mark: "caution",
          says: `The logs of jobs are kept for ever, and you pay for it. (All Batch jobs of your account share the log group ${LOG_GROUP}.)`,
          mend: `Have them deleted after 30 days:${awsCommand(facts, `logs put-retention-policy --log-group-name ${LOG_GROUP} --retention-in-days 30`)}`,
        };
      },
    },
  ],
});
