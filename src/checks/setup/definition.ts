import { LOG_GROUP } from "../../aws/log-place.ts";
import { retriesFailures } from "../../aws/retry-strategy.ts";
import { spellTime } from "../../cli/time-text.ts";
import { supportsEnvd } from "../../workflow/image.ts";
import type { Facts } from "../facts.ts";
import { fargateChecks } from "./fargate.ts";
import { awsCommand, consolePage, paste, sameName, setUp } from "./places.ts";
import { subject } from "./subject.ts";

const called = ({ names }: Pick<Facts, "names">) => `the job definition "${names.job.value}"`;

/** How a definition gets a revision with something changed: by the set-up, where there is an option for it, or by hand. */
function revise(facts: Facts, option?: string): string {
  const console = `by "Create new revision", here:${paste(consolePage(facts, "batch", "job-definition"))}`;
  return option === undefined
    ? console
    : `${console}${setUp(facts, "Or, where this program set AWS up", option)}`;
}

/** What must hold of the job definition. */
export const definitionSubject = subject({
  id: "definition",
  called,
  see: (facts) => facts.definition(),
  needed: true,
  absent: (facts) => ({
    mark: "wrong",
    says: `There is no active job definition "${facts.names.job.value}" (from ${facts.names.job.source}) in AWS Batch, in the region ${facts.aws.region.value}.`,
    mend: `Check the name and the region, or name another with --aws-batch-job. What there is:${awsCommand(facts, "batch describe-job-definitions --status ACTIVE --query 'jobDefinitions[].jobDefinitionName'")}${setUp(facts, "To make one", sameName("--aws-batch-job", facts.names.job))}`,
  }),
  checks: [
    {
      id: "definition.exists",
      preflight: true,
      find({ container: { form }, detail }, facts) {
        const { value: name, source } = facts.names.job;
        if (form.kind === "containerProperties" || form.kind === "ecsProperties") {
          return {
            mark: "ok",
            says: `The job definition "${name}" (from ${source}) is there, in revision ${detail.revision}.`,
          };
        }
        const why =
          form.kind === "eks"
            ? "is for Kubernetes (Amazon EKS), whose jobs take no container overrides, which tell a build's job what to run"
            : "is not for a single container";
        return {
          mark: "wrong",
          says: `The job definition "${name}" (from ${source}) ${why}: builds can't use it.`,
          mend: `Name another with --aws-batch-job.${setUp(facts, "Or make one")}`,
        };
      },
    },
    {
      id: "definition.image",
      find({ image }, facts) {
        if (supportsEnvd(image)) return { mark: "ok", says: `Jobs run in the image ${image}.` };
        return {
          mark: "caution",
          says: `The image ${image} of ${called(facts)} is too old to be given environment variables: builds with any, such as AWS_ACCESS_KEY_ID, are refused.`,
          mend: `Use a newer one, ${revise(facts, "--image nextstrain/base:latest")}`,
        };
      },
    },
    {
      id: "definition.role",
      find({ roleArn }, facts) {
        if (roleArn !== undefined) return undefined;
        return {
          mark: "caution",
          says: `${upper(called(facts))} gives jobs no role: they get at the bucket only with your own keys, where those are in environment variables, or by what the computers they run on may do.`,
          mend: `Give it the role that jobs are to have, ${revise(facts)}`,
        };
      },
    },
    {
      id: "definition.timeout",
      find({ timeoutSeconds }, facts) {
        if (timeoutSeconds !== undefined) {
          return { mark: "ok", says: `Jobs are stopped after ${spellTime(timeoutSeconds)} at the latest.` };
        }
        return {
          mark: "caution",
          says: `${upper(called(facts))} has no time limit: a job that never ends runs, and costs, until somebody stops it.`,
          mend: `Set one of 4 hours (14,400 seconds), ${revise(facts, "--timeout 4h")}`,
        };
      },
    },
    {
      id: "definition.attempts",
      find({ attempts, detail }, facts) {
        if (attempts <= 1) return { mark: "ok", says: "A job that fails is not run again by itself." };
        if (!retriesFailures(detail.retryStrategy))
          return {
            mark: "ok",
            says: `A job whose computer is taken away is run again, up to ${attempts} times in all; one that fails by itself is not.`,
          };
        return {
          mark: "caution",
          says: `${upper(called(facts))} has failing jobs run up to ${attempts} times: a mistake in a workflow costs that many times as much, and a job's variables stay in the bucket until it has ended.`,
          mend: `Set its retry attempts to 1, ${revise(facts)}`,
        };
      },
    },
    ...fargateChecks,
    {
      id: "definition.log",
      find({ log }, facts) {
        if (log === undefined || (log.kind === "group" && log.group === LOG_GROUP)) return undefined;
        const says =
          log.kind === "group"
            ? `to the log group ${log.group}, not to ${LOG_GROUP}: who builds must be allowed to read it (logs:GetLogEvents), and the Nextstrain policies allow only the latter.`
            : `to ${log.where}, not to the log group ${LOG_GROUP}: builds work, but you don't see their logs.`;
        return {
          mark: "caution",
          says: `${upper(called(facts))} has jobs write their logs ${says}`,
          mend: `Take its log configuration out, ${revise(facts)}`,
        };
      },
    },
  ],
});

const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
