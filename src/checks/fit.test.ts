import { describe, expect, test } from "vitest";
import { fitOf } from "./fit.ts";
import { roomsOf } from "./instance-room.ts";
import { resize } from "./resize.ts";
import { environment } from "./testing/healthy.ts";

describe("the room that a job has on a computer", () => {
  test.each([
    ["c5.xlarge", 4, 7_400],
    ["c5.2xlarge", 8, 15_200],
    ["c5.4xlarge", 16, 31_000],
  ])("%s: as the users' guide says", (type, vcpus, memoryMib) =>
    expect(roomsOf([type])).toEqual([expect.objectContaining({ vcpus, memoryMib, isEstimate: false })]),
  );

  test("sizes that nobody has measured are estimates, below what the computer has", () => {
    const [room] = roomsOf(["r5.4xlarge"]) ?? [];
    expect(room).toMatchObject({ vcpus: 16, physicalMib: 128 * 1024, isEstimate: true });
    expect(room?.memoryMib).toBeLessThan(128 * 1024);
    expect(room?.memoryMib).toBeGreaterThan(120 * 1024);
  });

  test("estimates by the same reckoning are within 1 % of what was measured", () => {
    for (const [xlarges, measured] of [
      [1, 7_400],
      [2, 15_200],
      [4, 31_000],
    ] as const) {
      // c6i has the sizes of c5, and none that was measured.
      const type = xlarges === 1 ? "c6i.xlarge" : `c6i.${xlarges}xlarge`;
      const estimate = roomsOf([type])?.[0]?.memoryMib ?? 0;
      expect(Math.abs(estimate - measured) / measured).toBeLessThan(0.01);
    }
  });

  test.each([[["optimal"]], [["c5", "x1e"]], [["c5.7xlarge"]], [[]]])("nothing is known of %j", (types) =>
    expect(roomsOf(types)).toBeUndefined(),
  );
});

describe("a job of a size", () => {
  const sized = (
    vcpus: number,
    memoryMib: number,
    instanceTypes: readonly string[] = ["c5"],
    maxVcpus = 256,
  ) => fitOf(environment({ resources: { instanceTypes, maxVcpus } }), { vcpus, memoryMib });

  test.each([
    ["fits what is large enough", 16, 31_000, undefined, undefined, "fits"],
    ["may use the environment up to its limit", 96, 1_000, undefined, 96, "fits"],
    ["is over the limit of the environment", 90, 1_000, undefined, 64, "over-limit"],
    ["is over the limit, and no higher one would help", 300, 1_000, undefined, undefined, "over-computers"],
    ["is over the limit, whatever the computers", 300, 1_000, ["optimal"], undefined, "over-limit"],
    ["has more vCPUs than any computer", 97, 1_000, undefined, undefined, "over-computers"],
    ["may be too large where the guide says less", 4, 7_500, ["c5.xlarge"], undefined, "perhaps"],
    ["is too large where it wants all the memory", 4, 8_192, ["c5.xlarge"], undefined, "over-computers"],
    [
      "needs one computer that has both",
      16,
      60_000,
      ["c5.4xlarge", "r5.2xlarge"],
      undefined,
      "over-computers",
    ],
    ["may be too large where that is an estimate", 4, 190_000, undefined, undefined, "perhaps"],
    [
      "is too large for sure where it is all the memory",
      4,
      192 * 1024,
      undefined,
      undefined,
      "over-computers",
    ],
    ["can't be told of computers unknown", 16, 31_000, ["optimal"], undefined, "unknown"],
  ] as const)("%s", (_, vcpus, memoryMib, types, maxVcpus, kind) =>
    expect(sized(vcpus, memoryMib, types, maxVcpus).kind).toBe(kind),
  );

  test("is told a size within the limit, where it is over the computers, too", () =>
    expect(resize(sized(100, 1_000, ["c5"], 64), { vcpus: 100, memoryMib: 1_000 })).toEqual({
      build: "--cpus 64",
      setUp: "--instance-types r6i --max-vcpus 100",
    }));

  test("is told the largest computer there is", () =>
    expect(sized(8, 15_200, ["c5.large", "c5.xlarge"])).toMatchObject({ largest: { type: "c5.xlarge" } }));
});
