import { expect, test } from "vitest";
import { batchActions } from "./actions.ts";

const wishes = (operation: string, input: Record<string, unknown>) =>
  batchActions[operation]?.({ region: "us-east-1", accountId: "123456789012", callerArn: "", input }).map(
    ({ action, resource }) => `${action} ${resource}`,
  );

test("a definition takes leave to pass its roles on, and tags leave to tag", () => {
  const containerProperties = { jobRoleArn: "arn:aws:iam::1:role/Jobs", executionRoleArn: "Pull" };
  expect(wishes("registerjobdefinition", { containerProperties, tags: { lab: "ours" } })).toEqual([
    "batch:RegisterJobDefinition *",
    "batch:TagResource *",
    "iam:PassRole arn:aws:iam::1:role/Jobs",
    "iam:PassRole arn:aws:iam::123456789012:role/Pull",
  ]);
  const ecsProperties = { taskProperties: [{ taskRoleArn: "Jobs", executionRoleArn: "Pull" }] };
  expect(wishes("registerjobdefinition", { ecsProperties })).toEqual([
    "batch:RegisterJobDefinition *",
    "iam:PassRole arn:aws:iam::123456789012:role/Jobs",
    "iam:PassRole arn:aws:iam::123456789012:role/Pull",
  ]);
  expect(wishes("submitjob", { tags: { lab: "ours" } })).toEqual([
    "batch:SubmitJob *",
    "batch:TagResource *",
  ]);
  expect(wishes("submitjob", { tags: {} })).toEqual(["batch:SubmitJob *"]);
});
