import { UserError } from "../../errors.ts";
import { type SetupRequest, setUpAwsBatch } from "../index.ts";
import { DEFAULTS } from "../parameters.ts";
import { type FakeSite, fakeSite } from "./fake-site.ts";

/** What builds use where nothing was chosen. */
export const configured = { bucket: "nextstrain-jobs", queue: "nextstrain-job-queue", job: "nextstrain-job" };

/** Sets up, with nothing asked for but what `request` says. */
export const setUp = ({ site }: FakeSite, request: Partial<SetupRequest> = {}) =>
  setUpAwsBatch(site, {
    stackName: "nextstrain-batch",
    given: {},
    named: {},
    adopt: false,
    configured,
    chosen: {},
    tags: {},
    dryRun: false,
    force: false,
    ...request,
  });

/** An account where somebody has set up what is configured. */
export function configuredSite(options?: Parameters<typeof fakeSite>[0]): FakeSite {
  const fake = fakeSite(options);
  fake.account.buckets.set("nextstrain-jobs", { state: "ours", objects: 3 });
  fake.account.queues.add("nextstrain-job-queue");
  fake.account.definitions.add("nextstrain-job");
  return fake;
}

/** The parameters of a set-up made before. */
export const before = {
  ...DEFAULTS,
  BucketName: "lab-jobs",
  MaxVcpus: "512",
  VpcId: "vpc-00000001",
  SubnetIds: "subnet-0000000a",
};

/** What a set-up fails with. Throws where it doesn't. */
export const failureOf = (promise: Promise<unknown>): Promise<UserError> =>
  promise.then(
    () => {
      throw new Error("it succeeded");
    },
    (error: unknown) => {
      if (error instanceof UserError) return error;
      throw error;
    },
  );
