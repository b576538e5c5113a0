import type { BatchClient } from "@aws-sdk/client-batch";
import { expect, test } from "vitest";
import { describeDefinition } from "./batch.ts";

/** A Batch that has these definitions, and notes what it is asked. */
function batchWith(jobDefinitions: readonly object[]) {
  const asked: object[] = [];
  const send = async ({ input }: { readonly input: object }) => {
    asked.push(input);
    return { jobDefinitions };
  };
  return { asked, batch: { send } as unknown as BatchClient };
}

const { signal } = new AbortController();

test("the latest active revision of a name is asked for", async () => {
  const { asked, batch } = batchWith([{ revision: 2 }, { revision: 10 }, { revision: 9 }]);
  expect((await describeDefinition(batch, "nextstrain-job", signal))?.detail.revision).toBe(10);
  expect(asked).toEqual([{ jobDefinitionName: "nextstrain-job", status: "ACTIVE" }]);
});

test("a name of resource without a revision is the latest's, as for SubmitJob: Batch describes that only by its name", async () => {
  const { asked, batch } = batchWith([{ revision: 2 }]);
  const arn = "arn:aws:batch:us-east-1:123456789012:job-definition/nextstrain-job";
  await describeDefinition(batch, arn, signal);
  await describeDefinition(batch, `${arn}:2`, signal);
  expect(asked).toEqual([
    { jobDefinitionName: "nextstrain-job", status: "ACTIVE" },
    { jobDefinitions: [`${arn}:2`] },
  ]);
});

test("a revision is asked for by nothing else, as Batch wants it, and counts only while it is active", async () => {
  const there = batchWith([{ revision: 3, status: "ACTIVE" }]);
  expect((await describeDefinition(there.batch, "nextstrain-job:3", signal))?.detail.revision).toBe(3);
  expect(there.asked).toEqual([{ jobDefinitions: ["nextstrain-job:3"] }]);
  const gone = batchWith([{ revision: 3, status: "INACTIVE" }]);
  expect(await describeDefinition(gone.batch, "nextstrain-job:3", signal)).toBeUndefined();
});
