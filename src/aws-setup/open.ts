import { setTimeout as sleep } from "node:timers/promises";
import type { Aws } from "../aws/clients.ts";
import type { Context } from "../cli/context.ts";
import { createBuckets } from "./buckets.ts";
import { createStacks } from "./cloudformation.ts";
import { createNetwork } from "./ec2.ts";
import { createExisting } from "./existing.ts";
import { createLogs } from "./log-group.ts";
import type { Questions, Site } from "./site.ts";

/** Milliseconds between two looks at what AWS is doing: its requests are few for the whole account. */
const PAUSE = 3_000;

/** A site in the account and region in use. */
export async function openSite(context: Context, aws: Aws, questions: Questions): Promise<Site> {
  const { signal } = context;
  const [cloudFormation, ec2, iam, sts] = await Promise.all([
    aws.cloudFormation(),
    aws.ec2(),
    aws.iam(),
    aws.sts(),
  ]);
  return {
    context,
    questions,
    region: aws.region.value,
    services: {
      stacks: createStacks(cloudFormation, signal),
      network: createNetwork(ec2, signal),
      existing: createExisting({ iam, sts, batch: aws.batch }, signal),
      buckets: createBuckets(aws.s3, signal),
      logs: createLogs(aws.logs, signal),
    },
    async pause() {
      signal.throwIfAborted();
      // What is awaited here rejects with an error of Node's own: the signal's reason is what counts.
      await sleep(PAUSE, undefined, { signal }).catch(() => signal.throwIfAborted());
    },
  };
}
