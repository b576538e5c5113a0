import { expect, test } from "vitest";
import type { JobDefinition } from "../../aws/batch.ts";
import { DEFINITION, QUEUE } from "../../checks/testing/healthy.ts";
import { parsePriority, parseShare, schedulingOf } from "./scheduling.ts";

const fair = { ...QUEUE, schedulingPolicy: "arn:aws:batch:us-east-1:123456789012:scheduling-policy/lab" };
const ranked: JobDefinition = { ...DEFINITION, detail: { ...DEFINITION.detail, schedulingPriority: 7 } };
const share = { value: "zika", source: "--aws-batch-share" };
const priority = { value: 50, source: "--aws-batch-priority" };

test.each([
  ["a queue without a policy is sent neither", QUEUE, DEFINITION, { share, priority }, {}],
  [
    "a queue with one is sent both",
    fair,
    ranked,
    { share, priority },
    { shareIdentifier: "zika", schedulingPriorityOverride: 50 },
  ],
  ["the definition's priority stays", fair, ranked, { share }, { shareIdentifier: "zika" }],
  [
    "some priority must be there",
    fair,
    DEFINITION,
    { share },
    { shareIdentifier: "zika", schedulingPriorityOverride: 0 },
  ],
  [
    "a queue that may not be seen is sent what was chosen",
    undefined,
    ranked,
    { share },
    { shareIdentifier: "zika" },
  ],
  ["and nothing where nothing was", undefined, DEFINITION, {}, {}],
] as const)("%s", (_, queue, definition, chosen, expected) => {
  expect(schedulingOf(queue, definition, { share: undefined, priority: undefined, ...chosen })).toEqual(
    expected,
  );
});

test.each(["", "a b", "a-b", "x".repeat(256), "ü"])("%j is no share", (value) => {
  expect(() => parseShare({ value, source: "--aws-batch-share" })).toThrow(/\(from --aws-batch-share\)/);
});

test.each(["-1", "10000", "1.5", "high"])("%j is no priority", (value) => {
  expect(() => parsePriority({ value, source: "--aws-batch-priority" })).toThrow(
    /\(from --aws-batch-priority\)/,
  );
});
