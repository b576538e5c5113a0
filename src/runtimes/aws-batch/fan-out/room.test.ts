import { expect, test } from "vitest";
import type { ComputeEnvironment } from "../../../aws/queue.ts";
import { describeRoom } from "./room.ts";

function environment(maxVcpus: number | undefined, isEnabled = true): ComputeEnvironment {
  const resources =
    maxVcpus === undefined ? undefined : { maxVcpus, instanceTypes: [], launchTemplate: undefined };
  return {
    ...{ name: "lab", arn: "", isEnabled, status: "VALID", statusReason: undefined, runsContainers: true },
    resources,
    detail: {},
  } as unknown as ComputeEnvironment;
}

test.each([
  [
    [environment(256)],
    "21 children of 36 vCPUs, 756 in all: 7 can run at the same time (the queue has up to 256 vCPUs)",
  ],
  [
    [environment(100), environment(100), environment(900, false)],
    "21 children of 36 vCPUs, 756 in all: 4 can run at the same time (the queue has up to 200 vCPUs)",
  ],
  [
    [environment(1000)],
    "21 children of 36 vCPUs, 756 in all: all can run at the same time (the queue has up to 1000 vCPUs)",
  ],
  [[environment(undefined)], "21 children of 36 vCPUs, 756 in all"],
  [undefined, "21 children of 36 vCPUs, 756 in all"],
])("the room of %j", (environments, text) => {
  expect(describeRoom(21, 36, environments)).toBe(text);
});

test("where nobody says how large they are, there are only so many", () => {
  expect(describeRoom(21, 0, undefined)).toBe("21 children");
});
