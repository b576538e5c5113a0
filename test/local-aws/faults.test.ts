import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { haveBoto3, runClient } from "../support/client.ts";
import { startLocalAws } from "../support/local-aws.ts";

const script = fileURLToPath(new URL("boto3_faults.py", import.meta.url));

test.skipIf(!haveBoto3())("every fault of a plan is what boto3 sees of it on AWS (needs boto3)", async () => {
  await using local = await startLocalAws();
  const result = await runClient("python3", [script], { env: local.clientEnv, cwd: local.scratch });
  expect(result).toEqual({ exitStatus: 0, stdout: "all is well\n", stderr: "" });
});

test("`local-aws start` takes a plan, also where it runs already, and says what is wrong with one", async () => {
  await using local = await startLocalAws();
  const file = join(local.scratch, "plan.json");
  await writeFile(file, '{"rules": [{"fault": "throttle", "service": "s4", "propability": 1}]}');
  const wrong = await local.run("start", "--faults", file);
  expect(wrong.exitStatus).toBe(1);
  expect(wrong.stderr).toContain('rules[0] (throttle) has no member "propability".');
  await writeFile(file, '{"rules": [');
  expect((await local.run("start", "--faults", file)).stderr).toContain("is not a JSON object");
  expect((await local.run("start", "--faults", "nowhere.json")).stderr).toContain("nowhere.json");
  expect((await local.run("start", "--fail-rate", "101")).exitStatus).toBe(2);
  const right = await local.run("start", "--latency", "1", "--fail-rate", "20%", "--seed", "3");
  expect(right).toMatchObject({ exitStatus: 0, stdout: expect.stringContaining("misbehaves as asked") });
});
