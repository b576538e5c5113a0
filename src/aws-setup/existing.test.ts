import type { BatchClient } from "@aws-sdk/client-batch";
import type { IAMClient } from "@aws-sdk/client-iam";
import type { STSClient } from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { createExisting } from "./existing.ts";

/** The account of a Batch that gives this answer, and notes what it is asked. */
function accountWith(answer: object) {
  const asked: object[] = [];
  const send = async ({ input }: { readonly input: object }) => {
    asked.push(input);
    return answer;
  };
  const batch = { send } as unknown as BatchClient;
  const clients = { batch, iam: {} as IAMClient, sts: {} as STSClient };
  return { asked, existing: createExisting(clients, new AbortController().signal) };
}

test("a definition named with its revision is asked for as Batch wants it, and is there only while it is active", async () => {
  const there = accountWith({ jobDefinitions: [{ revision: 3, status: "ACTIVE" }] });
  expect(await there.existing.definition("nextstrain-job:3")).toBe(true);
  expect(there.asked).toEqual([{ jobDefinitions: ["nextstrain-job:3"] }]);
  const gone = accountWith({ jobDefinitions: [{ revision: 3, status: "INACTIVE" }] });
  expect(await gone.existing.definition("nextstrain-job:3")).toBe(false);
});

test.each([
  ["VALID", true],
  ["DELETING", true],
  ["DELETED", false],
])("a queue that is %s counts as there: %s", async (status, isThere) => {
  const { existing } = accountWith({ jobQueues: [{ jobQueueName: "nextstrain-job-queue", status }] });
  expect(await existing.queue("nextstrain-job-queue")).toBe(isThere);
});
