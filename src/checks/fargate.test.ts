import { expect, test } from "vitest";
import { isOnFargate, LARGEST_ON_FARGATE, nextOnFargate } from "./fargate.ts";

test.each([
  [0.25, [512, 1_024, 2_048], [511, 1_536, 3_072]],
  [0.5, [1_024, 4_096], [512, 5_120]],
  [1, [2_048, 3_072, 8_192], [1_024, 2_049, 9_216]],
  [2, [4_096, 16_384], [3_072, 17_408]],
  [4, [8_192, 30_720], [7_400, 31_744]],
  [8, [16_384, 20_480, 61_440], [17_408, 65_536]],
  [16, [32_768, 40_960, 122_880], [36_864, 131_072]],
  [3, [], [8_192]],
  [32, [], [122_880]],
])("with %d vCPUs Fargate has %j MiB, and not %j", (vcpus, there, missing) => {
  for (const memoryMib of there) expect(isOnFargate({ vcpus, memoryMib })).toBe(true);
  for (const memoryMib of missing) expect(isOnFargate({ vcpus, memoryMib })).toBe(false);
});

test.each([
  [
    { vcpus: 4, memoryMib: 7_400 },
    { vcpus: 4, memoryMib: 8_192 },
  ],
  [
    { vcpus: 3, memoryMib: 8_192 },
    { vcpus: 4, memoryMib: 8_192 },
  ],
  [
    { vcpus: 1, memoryMib: 9_000 },
    { vcpus: 2, memoryMib: 9_216 },
  ],
  [
    { vcpus: 8, memoryMib: 17_000 },
    { vcpus: 8, memoryMib: 20_480 },
  ],
  [
    { vcpus: 0.25, memoryMib: 700 },
    { vcpus: 1, memoryMib: 2_048 },
  ],
  [LARGEST_ON_FARGATE, LARGEST_ON_FARGATE],
  [{ vcpus: 17, memoryMib: 8_192 }, undefined],
  [{ vcpus: 1, memoryMib: 122_881 }, undefined],
])("the next size from %j on is %j", (size, next) => {
  expect(nextOnFargate(size)).toEqual(next);
  if (next !== undefined) expect(isOnFargate(next)).toBe(true);
});
