import { AwsError } from "../http.ts";
import { childrenOf, malformedXml, parseXml, textOf, type XmlNode } from "../xml.ts";
import { invalidArgument, invalidRequest } from "./errors.ts";

const MAX_RULES = 1000;

const ACTIONS = [
  ...["Expiration", "Transition", "NoncurrentVersionExpiration", "NoncurrentVersionTransition"],
  "AbortIncompleteMultipartUpload",
];
const PREDICATES = ["Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"];
/** The days after which objects may go there at the earliest. */
const CLASSES: Readonly<Record<string, number>> = {
  STANDARD_IA: 30,
  ONEZONE_IA: 30,
  INTELLIGENT_TIERING: 0,
  GLACIER_IR: 0,
  GLACIER: 0,
  DEEP_ARCHIVE: 0,
};

/**
 * Checks the rules of a bucket's lifecycle ("Lifecycle configuration elements", S3 User Guide).
 *
 * @throws AwsError MalformedXML, InvalidArgument, InvalidRequest
 */
export function checkLifecycle(body: string): void {
  const root = parseXml(body, "LifecycleConfiguration");
  allow(root, ["Rule"]);
  const rules = childrenOf(root, "Rule");
  if (rules.length === 0 || rules.length > MAX_RULES) throw malformedXml();
  for (const rule of rules) checkRule(rule);
  const ids = rules.map((rule) => textOf(rule, "ID") ?? "").filter((id) => id !== "");
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index);
  if (repeated !== undefined) {
    throw invalidArgument("Rule ID must be unique. Found same ID for more than one rule", "ID", repeated);
  }
}

function checkRule(rule: XmlNode): void {
  allow(rule, ["ID", "Status", "Filter", "Prefix", ...ACTIONS]);
  single(rule, ["ID", "Status", "Filter", "Prefix", "Expiration", "NoncurrentVersionExpiration"]);
  if (!["Enabled", "Disabled"].includes(textOf(rule, "Status") ?? "")) throw malformedXml();
  const id = textOf(rule, "ID") ?? "";
  if (id.length > 255) throw invalidArgument("ID length should not exceed allowed limit of 255", "ID", id);
  // The prefix by itself is the older form.
  if (has(rule, "Filter") === has(rule, "Prefix")) throw malformedXml();
  const predicates = childrenOf(rule, "Filter").flatMap(predicatesOf);
  if (!ACTIONS.some((action) => has(rule, action))) {
    throw invalidRequest("At least one action needs to be specified in a rule");
  }
  for (const expiration of childrenOf(rule, "Expiration")) checkExpiration(expiration, predicates);
  for (const transition of childrenOf(rule, "Transition")) checkTransition(transition, rule);
  for (const old of childrenOf(rule, "NoncurrentVersionExpiration")) {
    allow(old, ["NoncurrentDays", "NewerNoncurrentVersions"]);
    days(old, "NoncurrentDays", "NoncurrentVersionExpiration", 1);
    if (has(old, "NewerNoncurrentVersions")) {
      days(old, "NewerNoncurrentVersions", "NoncurrentVersionExpiration", 1);
    }
  }
  for (const old of childrenOf(rule, "NoncurrentVersionTransition")) {
    allow(old, ["NoncurrentDays", "NewerNoncurrentVersions", "StorageClass"]);
    days(old, "NoncurrentDays", "NoncurrentVersionTransition", 0);
    storageClass(old);
  }
  for (const abort of childrenOf(rule, "AbortIncompleteMultipartUpload")) {
    allow(abort, ["DaysAfterInitiation"]);
    days(abort, "DaysAfterInitiation", "AbortIncompleteMultipartUpload", 1);
    if (predicates.some((name) => name !== "Prefix")) {
      throw invalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags or object sizes.");
    }
  }
}

/** Names of what a filter asks for: at most one, unless they stand in an `And`. */
function predicatesOf(filter: XmlNode): readonly string[] {
  allow(filter, [...PREDICATES, "And"]);
  const [and, ...more] = childrenOf(filter, "And");
  const names = PREDICATES.flatMap((name) => childrenOf(filter, name).map(() => name));
  if (and === undefined) {
    if (names.length > 1) throw malformedXml();
    return names;
  }
  allow(and, PREDICATES);
  const joined = PREDICATES.flatMap((name) => childrenOf(and, name).map(() => name));
  if (more.length > 0 || names.length > 0 || joined.length < 2) throw malformedXml();
  return joined;
}

function checkExpiration(expiration: XmlNode, predicates: readonly string[]): void {
  oneOf(expiration, ["Days", "Date", "ExpiredObjectDeleteMarker"]);
  if (has(expiration, "Days")) days(expiration, "Days", "Expiration", 1);
  if (has(expiration, "Date")) midnight(expiration);
  if (!has(expiration, "ExpiredObjectDeleteMarker")) return;
  if (!["true", "false"].includes(textOf(expiration, "ExpiredObjectDeleteMarker") ?? "")) {
    throw malformedXml();
  }
  if (predicates.includes("Tag")) {
    throw invalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags.");
  }
}

function checkTransition(transition: XmlNode, rule: XmlNode): void {
  allow(transition, ["Days", "Date", "StorageClass"]);
  if (has(transition, "Days") === has(transition, "Date")) throw malformedXml();
  const name = storageClass(transition);
  if (has(transition, "Date")) {
    midnight(transition);
    return;
  }
  const after = days(transition, "Days", "Transition", 0);
  const least = CLASSES[name] ?? 0;
  if (after < least) {
    throw invalidArgument(
      `'Days' in Transition action must be greater than or equal to ${least} for storageClass '${name}'`,
      "Days",
      String(after),
    );
  }
  for (const expiration of childrenOf(rule, "Expiration")) {
    const end = textOf(expiration, "Days");
    if (end !== undefined && Number(end) <= after) {
      throw invalidArgument(
        "'Days' in the Expiration action must be greater than 'Days' in the Transition action",
        "Days",
        end,
      );
    }
  }
}

function storageClass(node: XmlNode): string {
  const name = textOf(node, "StorageClass") ?? "";
  if (!Object.hasOwn(CLASSES, name)) throw malformedXml();
  return name;
}

/** A number of days, at least `least`. */
function days(node: XmlNode, name: string, action: string, least: 0 | 1): number {
  const text = textOf(node, name)?.trim();
  if (text === undefined || !/^-?\d{1,10}$/.test(text)) throw malformedXml();
  const number = Number(text);
  if (number >= least && number < 2 ** 31) return number;
  const kind = least === 1 ? "a positive integer" : "a nonnegative integer";
  throw invalidArgument(`'${name}' for ${action} action must be ${kind}`, name, text);
}

function midnight(node: XmlNode): void {
  const text = textOf(node, "Date") ?? "";
  const time = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(time)) throw malformedXml();
  if (time % 86_400_000 !== 0) throw new AwsError("InvalidArgument", "'Date' must be at midnight GMT");
}

function has(node: XmlNode, name: string): boolean {
  return childrenOf(node, name).length > 0;
}

function allow(node: XmlNode, names: readonly string[]): void {
  if (typeof node === "string") {
    if (node.trim() !== "") throw malformedXml();
    return;
  }
  if (Object.keys(node).some((name) => name !== "#text" && !names.includes(name))) throw malformedXml();
}

function single(node: XmlNode, names: readonly string[]): void {
  if (names.some((name) => childrenOf(node, name).length > 1)) throw malformedXml();
}

function oneOf(node: XmlNode, names: readonly string[]): void {
  allow(node, names);
  if (names.flatMap((name) => childrenOf(node, name)).length !== 1) throw malformedXml();
}
