import type { BatchClient } from "@aws-sdk/client-batch";
import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { S3Client } from "@aws-sdk/client-s3";

/** The clients that every build uses. */
export interface BuildClients {
  readonly s3: S3Client;
  readonly batch: BatchClient;
  /**
   * For requests that do something each time they arrive (SubmitJob): never repeated by the SDK, which can't know
   * whether one that got no answer was carried out.
   */
  readonly batchOnce: BatchClient;
  readonly logs: CloudWatchLogsClient;
}
