import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { haveBoto3, runClient } from "../support/client.ts";
import { startLocalAws } from "../support/local-aws.ts";

const script = fileURLToPath(new URL("boto3_client.py", import.meta.url));

test.skipIf(!haveBoto3())(
  "boto3 finds S3, Batch, Logs and STS as it expects them (needs boto3)",
  async () => {
    await using local = await startLocalAws();
    const result = await runClient("python3", [script], { env: local.clientEnv, cwd: local.scratch });
    expect(result).toMatchObject({ exitStatus: 0, stdout: expect.stringContaining("all is well") });
  },
);
