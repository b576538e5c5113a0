import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { haveBoto3, runClient } from "../support/client.ts";
import { startLocalAws } from "../support/local-aws.ts";

test.skipIf(!haveBoto3()).each([
  ["finds S3, Batch, Logs and STS as it expects them", "boto3_client.py"],
  ["finds scheduling policies as it expects them", "boto3_shares.py"],
  ["finds array jobs and dependencies as it expects them", "boto3_arrays.py"],
  ["finds definitions of ecsProperties as it expects them", "boto3_ecs.py"],
  ["is refused by name what is missing, and given what it asks for", "boto3_parameters.py"],
])("boto3 %s (needs boto3)", async (_, name) => {
  await using local = await startLocalAws();
  const script = fileURLToPath(new URL(name, import.meta.url));
  const result = await runClient("python3", [script], { env: local.clientEnv, cwd: local.scratch });
  expect(result).toMatchObject({ exitStatus: 0, stdout: expect.stringContaining("all is well") });
});
