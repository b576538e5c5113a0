import { expect, test } from "vitest";
import { fakeSite } from "./testing/fake-site.ts";
import { addStack } from "./testing/fake-stacks.ts";
import { before, failureOf, setUp } from "./testing/set-up.ts";

const tags = { project: "zika" };

test("a new stack gets the tags, and keeps them where it is changed later", async () => {
  const fake = fakeSite();
  await setUp(fake, { tags, given: { BucketName: "lab-jobs" } });
  expect(fake.stack()?.tags).toEqual(tags);
  await setUp(fake, { given: { MaxVcpus: "8" } });
  expect(fake.stack()?.tags).toEqual(tags);
  await setUp(fake, { tags, given: { MaxVcpus: "16" } });
  expect(fake.account.done).toEqual([
    "create nextstrain-batch",
    "update nextstrain-batch",
    "update nextstrain-batch",
  ]);
});

test("other tags for a queue that is there are refused, since AWS would roll all back", async () => {
  const fake = fakeSite();
  addStack(fake.account, "CREATE_COMPLETE", before).tags = { project: "ebola", owner: "lab" };
  const error = await failureOf(setUp(fake, { tags }));
  expect(error.message).toContain("project=ebola, owner=lab");
  expect(error.hint).toContain("--aws-batch-queue NAME");
  expect(fake.account.done).toEqual([]);
  await setUp(fake, { tags, given: { JobQueueName: "new-queue" } });
  expect(fake.stack()?.tags).toEqual({ project: "zika", owner: "lab" });
});
