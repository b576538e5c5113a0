import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { haveBoto3, runClient } from "../support/client.ts";
import { startLocalAws } from "../support/local-aws.ts";

test.skipIf(!haveBoto3()).each([
  ["S3, Batch, Logs and STS", "boto3_client.py"],
  ["scheduling policies", "boto3_shares.py"],
  ["definitions of ecsProperties", "boto3_ecs.py"],
])("boto3 finds %s as it expects them (needs boto3)", async (_, name) => {
  await using local = await startLocalAws();
  const script = fileURLToPath(new URL(name, import.meta.url));
  const result = await runClient("python3", [script], { env: local.clientEnv, cwd: local.scratch });
  expect(result).toMatchObject({ exitStatus: 0, stdout: expect.stringContaining("all is well") });
});
