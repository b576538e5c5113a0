import { bucketOf } from "../../aws-setup/bucket-name.ts";
import type { Names } from "../../aws-setup/index.ts";
import type { SomeParameters } from "../../aws-setup/parameters.ts";
import { isGiven, requiredSetting, type SettingName, type SettingsReader } from "../../settings.ts";
import type { AwsBatchSetupOptions } from "./aws-batch-options.ts";

/** What builds use, by option, environment, config file or default; and as parameters what somebody chose. */
export function awsBatchNames(
  settings: SettingsReader,
  options: AwsBatchSetupOptions,
): { readonly configured: Names; readonly chosen: SomeParameters } {
  const find = (name: SettingName, option: string | undefined) => requiredSetting(settings, name, option);
  const bucket = find("awsBatchS3Bucket", options.s3Bucket);
  const queue = find("awsBatchQueue", options.awsBatchQueue);
  const job = find("awsBatchJob", options.awsBatchJob);
  const configured = {
    bucket: bucketOf(bucket.value),
    queue: queue.value,
    job: job.value,
  };
  return {
    configured,
    chosen: {
      ...(isGiven(bucket) ? { BucketName: configured.bucket } : {}),
      ...(isGiven(queue) ? { JobQueueName: queue.value } : {}),
      // A revision is chosen by its number, and made without one.
      ...(isGiven(job) ? { JobDefinitionName: job.value.replace(/:\d+$/, "") } : {}),
    },
  };
}
