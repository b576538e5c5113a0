import { expect, test } from "vitest";
import { isOptIn, partitionOf } from "./partition.ts";

test.each([
  ["us-east-1", "aws", "console.aws.amazon.com"],
  ["cn-northwest-1", "aws-cn", "console.amazonaws.cn"],
  ["us-gov-west-1", "aws-us-gov", "console.amazonaws-us-gov.com"],
  ["eusc-de-east-1", "aws-eusc", "console.amazonaws-eusc.eu"],
])("%s is in the partition %s", (region, id, console) => {
  expect(partitionOf(region)).toEqual({ id, console });
});

test.each([
  ["us-east-1", false],
  ["eu-west-3", false],
  ["ap-east-1", true],
  ["me-central-1", true],
  ["mx-central-1", true],
  ["us-gov-west-1", false],
  ["cn-north-1", false],
  ["eusc-de-east-1", false],
  ["junk", false],
])("%s has to be turned on: %s", (region, expected) => {
  expect(isOptIn(region)).toBe(expected);
});
