import { expect, test } from "vitest";
import { pullName } from "./pull-name.ts";

test.each([
  ["alpine", "docker.io/library/alpine"],
  ["nextstrain/base:latest", "docker.io/nextstrain/base:latest"],
  ["quay.io/org/image", "quay.io/org/image"],
  ["127.0.0.1:5000/image", "127.0.0.1:5000/image"],
  ["localhost/image:1", "localhost/image:1"],
])("podman pulls %s as %s, docker as it is", (image, expected) => {
  expect(pullName({ isPodman: true }, image)).toBe(expected);
  expect(pullName({ isPodman: false }, image)).toBe(image);
});
