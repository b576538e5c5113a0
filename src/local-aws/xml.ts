import { XMLParser, XMLValidator } from "fast-xml-parser";
import { AwsError } from "./http.ts";

/** What an element holds: text, child elements by name (in order), or, as a list, the element repeated. */
export type XmlContent =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlContent[]
  | { readonly [name: string]: XmlContent };

/** A parsed element: its text, or its children by name. Attributes and namespaces are dropped. */
export type XmlNode = string | { readonly [name: string]: readonly XmlNode[] };

/** An XML document with one root element. Undefined children are left out. */
export function renderXml(root: string, content: XmlContent, namespace?: string): string {
  const attribute = namespace === undefined ? "" : ` xmlns="${escapeXml(namespace)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${renderContent(content)}</${root}>`;
}

function renderContent(content: XmlContent): string {
  if (content === undefined) return "";
  if (typeof content !== "object") return escapeXml(String(content));
  return Object.entries(content)
    .flatMap(([name, child]) => (Array.isArray(child) ? child : [child]).map((one) => [name, one] as const))
    .map(([name, child]) => (child === undefined ? "" : `<${name}>${renderContent(child)}</${name}>`))
    .join("");
}

/** Control characters become references too: a carriage return would otherwise be read back as a newline. */
function escapeXml(text: string): string {
  return text.replace(/[&<>"\p{Cc}]/gu, (character) => {
    const named = NAMED[character];
    return named ?? `&#x${character.codePointAt(0)?.toString(16)};`;
  });
}

const NAMED: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "\n",
  "\t": "\t",
};

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  isArray: () => true,
});

/**
 * The root element of a request body.
 *
 * @throws AwsError MalformedXML where it is not XML, has a document type (nothing here needs one, and entities
 * declared there can be made to explode), or has another root than `root`.
 */
export function parseXml(text: string, root: string): XmlNode {
  if (/<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true) throw malformedXml();
  const document = parser.parse(text) as { readonly [name: string]: readonly XmlNode[] };
  const element = document[root]?.[0];
  if (element === undefined) throw malformedXml();
  return element;
}

export function malformedXml(): AwsError {
  return new AwsError(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema.",
  );
}

/** The child elements of that name. */
export function childrenOf(node: XmlNode, name: string): readonly XmlNode[] {
  return typeof node === "string" ? [] : (node[name] ?? []);
}

/** The text of the first child element of that name; undefined where there is none. */
export function textOf(node: XmlNode, name: string): string | undefined {
  const child = childrenOf(node, name)[0];
  if (child === undefined || typeof child === "string") return child;
  const text = child["#text"]?.[0] ?? "";
  return typeof text === "string" ? text : undefined;
}
