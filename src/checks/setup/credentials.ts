import { isCredentialFailure } from "../../aws/errors.ts";
import { partitionOf } from "../../aws/partition.ts";
import { RegionOffError } from "../../aws/region-off.ts";
import { subject } from "./subject.ts";

/** Who the user is to AWS, and where. Without that nothing else can be checked. */
export const credentialsSubject = subject({
  id: "credentials",
  called: () => "who you are to AWS",
  see: (facts) => facts.identity(),
  failed: (error) => ({
    mark: isCredentialFailure(error) || error instanceof RegionOffError ? "wrong" : "unknown",
    says: error.message,
    mend: error.hint ?? "Try again.",
  }),
  checks: [
    {
      id: "credentials.identity",
      find: ({ arn, account }) => ({
        mark: "ok",
        says: `AWS knows you as ${arn}, in the account ${account}.`,
      }),
    },
    {
      id: "credentials.expiry",
      find({ expiresAt }) {
        if (expiresAt === undefined) return undefined;
        const end = new Date(expiresAt).toISOString().replace("T", " ").slice(0, 16);
        return {
          mark: "ok",
          says: `These credentials end at ${end} UTC. A build that takes longer goes on without this program, and can be attached to with new ones.`,
        };
      },
    },
    {
      id: "credentials.root",
      find({ arn }, { aws }) {
        if (!arn.endsWith(":root")) return undefined;
        return {
          mark: "caution",
          says: "You use the keys of the account's owner (its root user), which may do everything, and which jobs are given, too, where they are in environment variables.",
          mend: `Make a user of your own in the group that \`nextstrain setup aws-batch\` makes, and use its keys: https://${partitionOf(aws.region.value).console}/iam/home#/users`,
        };
      },
    },
    {
      id: "region",
      find: (_identity, { aws }) => ({
        mark: "ok",
        says: `The region is ${aws.region.value} (from ${aws.region.source}).`,
      }),
    },
  ],
});
