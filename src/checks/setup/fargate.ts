import type { JobDefinition } from "../../aws/batch.ts";
import type { Facts } from "../facts.ts";
import { FARGATE_DISK, isOnFargate, LARGEST_ON_FARGATE, nextOnFargate } from "../fargate.ts";
import { consolePage, paste, sizeInWords } from "./places.ts";
import { jobSize } from "./size.ts";
import type { Check } from "./subject.ts";

/** What must hold of a definition whose jobs run on Fargate. */
export const fargateChecks: readonly Check<JobDefinition>[] = [
  {
    id: "definition.fargate-size",
    preflight: true,
    find(definition, facts) {
      if (!definition.onFargate) return undefined;
      const size = jobSize(definition, facts);
      const asks = `A job asks for ${sizeInWords(size)}`;
      if (isOnFargate(size)) return { mark: "ok", says: `${asks}, a size that Fargate has.` };
      const next = nextOnFargate(size);
      return {
        mark: "wrong",
        says: `${asks}: Fargate, where the job definition "${facts.names.job.value}" has jobs run, has no such size, and AWS Batch refuses it.`,
        mend:
          next === undefined
            ? `The largest there is has ${sizeInWords(LARGEST_ON_FARGATE)}. For more, use a job queue on EC2.`
            : `Build with the next size: --cpus ${next.vcpus} --memory ${next.memoryMib}mib`,
      };
    },
  },
  {
    id: "definition.fargate-disk",
    find({ onFargate, container: { diskGib } }, facts) {
      if (!onFargate) return undefined;
      if (diskGib !== undefined)
        return { mark: "ok", says: `Jobs on Fargate have a disk of ${diskGib} GiB.` };
      return {
        mark: "caution",
        says: `The job definition "${facts.names.job.value}" says nothing of a disk, so jobs on Fargate have ${FARGATE_DISK} GiB, of which the image takes some: larger builds will fill it.`,
        mend: `Set its ephemeral storage, up to 200 GiB, ${revise(facts)}`,
      };
    },
  },
  {
    id: "definition.execution-role",
    find({ onFargate, container: { executionRoleArn } }, facts) {
      if (!onFargate) return undefined;
      if (executionRoleArn !== undefined) {
        return { mark: "ok", says: `Fargate pulls images and writes logs by the role ${executionRoleArn}.` };
      }
      return {
        mark: "wrong",
        says: `The job definition "${facts.names.job.value}" has no execution role, by which Fargate pulls images and writes logs: jobs can't start.`,
        mend: `Give it one that has the policy AmazonECSTaskExecutionRolePolicy, ${revise(facts)}`,
      };
    },
  },
];

function revise(facts: Facts): string {
  return `by "Create new revision", here:${paste(consolePage(facts, "batch", "job-definition"))}`;
}
