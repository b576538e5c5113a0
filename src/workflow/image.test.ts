import { expect, test } from "vitest";
import { supportsBenchmarkExtended, supportsEnvd } from "./image.ts";

test.each([
  ["nextstrain/base", true],
  ["nextstrain/base:latest", true],
  ["nextstrain/base:build-20230613T204512Z", true],
  ["nextstrain/base:build-20230613T204511Z", false],
  ["registry.example:5000/nextstrain/base:build-20200101T000000Z", false],
  ["registry.example:5000/nextstrain/base", true],
  ["somebody/else:v1", true],
])("env.d in %s: %s", (image, expected) => {
  expect(supportsEnvd(image)).toBe(expected);
});

test.each([
  ["nextstrain/base", true],
  ["docker.io/nextstrain/base:latest", true],
  ["nextstrain/base:build-20250717T164950Z", true],
  ["nextstrain/base:build-20250717T164949Z", false],
  ["nextstrain/base:branch-x", false],
  ["somebody/else:latest", false],
])("--benchmark-extended in %s: %s", (image, expected) => {
  expect(supportsBenchmarkExtended(image)).toBe(expected);
});
