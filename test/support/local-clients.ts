import { BatchClient } from "@aws-sdk/client-batch";
import { IAMClient } from "@aws-sdk/client-iam";
import { S3Client } from "@aws-sdk/client-s3";
import { findLocalAws } from "../../src/aws/local-aws.ts";
import { testContext } from "./context.ts";

export interface LocalClients extends AsyncDisposable {
  readonly s3: S3Client;
  readonly batch: BatchClient;
  readonly iam: IAMClient;
}

/** Clients of the local AWS that runs in this environment's home. */
export async function localClients(env: Readonly<Record<string, string>>): Promise<LocalClients> {
  const local = await findLocalAws({ ...testContext({ env }), now: Date.now });
  if (local === undefined) throw new Error("local AWS is not running");
  const { endpoint, region, credentials } = local;
  const configuration = { endpoint, region, credentials };
  const s3 = new S3Client({ ...configuration, forcePathStyle: true });
  const batch = new BatchClient(configuration);
  const iam = new IAMClient(configuration);
  return {
    s3,
    batch,
    iam,
    async [Symbol.asyncDispose]() {
      s3.destroy();
      batch.destroy();
      iam.destroy();
    },
  };
}
