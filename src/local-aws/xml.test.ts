import { expect, test } from "vitest";
import type { AwsError } from "./http.ts";
import { childrenOf, parseXml, renderXml, textOf } from "./xml.ts";

test("renders nested and repeated elements, leaving out undefined ones", () => {
  const xml = renderXml(
    "List",
    { Name: "a<b", Missing: undefined, Item: [{ N: 1 }, { N: 2 }], None: [] },
    "urn:x",
  );
  expect(xml).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<List xmlns="urn:x"><Name>a&lt;b</Name><Item><N>1</N></Item><Item><N>2</N></Item></List>',
  );
});

test("text survives being rendered and parsed", () => {
  const text = ` <&>"' \r\n\t ü 日本 😀 &amp; `;
  expect(textOf(parseXml(renderXml("A", { B: text }), "A"), "B")).toBe(text);
});

test("reads repeated elements in order, whatever their namespace", () => {
  const root = parseXml(
    '<Delete xmlns="urn:x">\n <Object><Key>1</Key></Object>\n <Object><Key/></Object></Delete>',
    "Delete",
  );
  expect(childrenOf(root, "Object").map((node) => textOf(node, "Key"))).toEqual(["1", ""]);
  expect(textOf(root, "Quiet")).toBeUndefined();
});

test.each([
  ["no XML", "hello"],
  ["an unclosed element", "<Delete><Object></Delete>"],
  ["another root", "<Other/>"],
  ["a document type", '<!DOCTYPE a [<!ENTITY b "c">]><Delete>&b;</Delete>'],
])("refuses %s", (_what, text) => {
  const code = (): string => {
    try {
      parseXml(text, "Delete");
      return "none";
    } catch (error) {
      return (error as AwsError).code;
    }
  };
  expect(code()).toBe("MalformedXML");
});
