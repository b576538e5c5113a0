import { expect, test } from "vitest";
import { formatTagList, joinTags, parseTagList, parseTags } from "./tags.ts";

const source = "--tag";

test("tags are listed with commas or line ends between them, and values may hold =", () => {
  const value = "project=zika, cost center = 42\nexpr=a=b,\n empty=";
  const tags = { project: "zika", "cost center": "42", expr: "a=b", empty: "" };
  expect(parseTagList({ value, source })).toEqual(tags);
  expect(parseTagList({ value: formatTagList(tags), source })).toEqual(tags);
});

test("of one name the last counts", () => {
  expect(joinTags({ a: "1", b: "1" }, parseTags(["b=2", "b=3"], source))).toEqual({ a: "1", b: "3" });
});

test.each([
  ["project", /is not a tag/],
  ["=zika", /is not a tag/],
  [" =zika", /1 to 128 characters/],
  ["AWS:x=1", /AWS's own/],
  [`${"x".repeat(129)}=1`, /1 to 128 characters/],
  [`a=${"x".repeat(257)}`, /up to 256/],
  ["a=<b>", /letters, digits/],
  ["a\u001b=b", /letters, digits/],
])("%j is refused, and it is said where it came from", (text, message) => {
  expect(() => parseTags([text], source)).toThrow(message);
  expect(() => parseTags([text], source)).toThrow(/\(from --tag\)/);
});

test("names of Object's own are names", () => {
  expect(parseTags(["__proto__=1", "constructor=2"], source)).toEqual(
    Object.fromEntries([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]),
  );
});

test("more than AWS takes are refused", () => {
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`t${index}`, "x"]));
  expect(() => joinTags(many)).toThrow(/50 tags at most, and these are 51/);
});
