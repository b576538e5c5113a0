import { describe, expect, test } from "vitest";
import { UsageError } from "../errors.ts";
import { formatBytes, parseCpus, parseMemory } from "./quantity.ts";

function usageError(run: () => unknown): UsageError {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error("no error");
}

describe("parseMemory", () => {
  test.each([
    ["14gib", 14 * 1024 ** 3],
    ["7400mib", 7400 * 1024 ** 2],
    ["8gb", 8e9],
    ["500mb", 5e8],
    ["8g", 8 * 1024 ** 3],
    ["1.5GiB", 1.5 * 1024 ** 3],
    [" 2 GiB ", 2 * 1024 ** 3],
    [".5gib", 512 * 1024 ** 2],
    ["2048kib", 2 * 1024 ** 2],
    ["1TiB", 1024 ** 4],
    ["1048576", 1024 ** 2],
    ["2000000b", 2e6],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseMemory(text, "--memory")).toBe(bytes);
  });

  test("a number without a unit can count MiB", () => {
    expect(parseMemory("7400", "--aws-batch-memory", "mib")).toBe(7400 * 1024 ** 2);
    expect(parseMemory("8gb", "--aws-batch-memory", "mib")).toBe(8e9);
  });

  test.each([
    "",
    "gib",
    "lots",
    "-1gib",
    "8 gigs",
    "1,5gib",
    "1e3gib",
    "8gib!",
    "0x10gib",
    "99999999999tib",
    "NaN",
  ])("“%s” is refused, naming it and its source", (text) => {
    const error = usageError(() => parseMemory(text, "NEXTSTRAIN_AWS_BATCH_MEMORY"));
    expect(error.message).toBe(`“${text}” is not an amount of memory (NEXTSTRAIN_AWS_BATCH_MEMORY).`);
  });

  test.each([
    ["512", "did you mean 512mib?"],
    ["7400", "did you mean 7400mib?"],
    ["14", "did you mean 14gib?"],
    ["1048575", "did you mean 1048575mib?"],
    ["100kib", "such as 14gib"],
    ["0", "such as 14gib"],
  ])("“%s” is too little: %s", (text, hint) => {
    const error = usageError(() => parseMemory(text, "--memory"));
    expect(error.message).toContain("less than 1 MiB");
    expect(error.hint).toContain(hint);
  });
});

describe("parseCpus", () => {
  test("takes whole numbers from 1", () => {
    expect(parseCpus("1", "--cpus")).toBe(1);
    expect(parseCpus("64", "--cpus")).toBe(64);
  });
  test.each(["0", "", "1.5", "-2", "all", "4x", "1e2"])("refuses “%s”, naming its source", (text) => {
    expect(usageError(() => parseCpus(text, "--cpus")).message).toBe(
      `“${text}” is not a number of CPUs (--cpus).`,
    );
  });
});

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1536, "1.5 KiB"],
  [1024 ** 2 - 1, "1.0 MiB"],
  [14 * 1024 ** 3, "14.0 GiB"],
  [2 * 1024 ** 6, "2048.0 PiB"],
])("%d bytes are written %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
