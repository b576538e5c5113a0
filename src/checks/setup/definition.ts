import { awsCommand } from "./places.ts";
import { subject } from "./subject.ts";

/** What must hold of the job definition. */
export const definitionSubject = subject({
  id: "definition",
  called: ({ names }) => `the job definition "${names.job.value}"`,
  see: (facts) => facts.definition(),
  needed: true,
  absent: (facts) => ({
    mark: "wrong",
    says: `There is no active job definition "${facts.names.job.value}" (from ${facts.names.job.source}) in AWS Batch, in the region ${facts.aws.region.value}.`,
    mend: `Check the name and the region, or name another with --aws-batch-job. What there is: ${awsCommand(facts, "batch describe-job-definitions --status ACTIVE --query jobDefinitions[].jobDefinitionName")} To make one: nextstrain setup aws-batch`,
  }),
  checks: [
    {
      id: "definition.exists",
      preflight: true,
      find: ({ detail }, { names }) => ({
        mark: "ok",
        says: `The job definition "${names.job.value}" (from ${names.job.source}) is there, in revision ${detail.revision}.`,
      }),
    },
  ],
});
