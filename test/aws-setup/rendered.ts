import { readFileSync } from "node:fs";
import { type CollectionTag, parse, type ScalarTag } from "yaml";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Table = { readonly [key: string]: Json };

/** The template's text, as it ships. */
export const templateText = readFileSync(
  new URL("../../src/aws-setup/template.yaml", import.meta.url),
  "utf8",
);

/** The template, its short functions (`!Ref x`) written out (`{Ref: x}`). */
export const template = asTable(parse(templateText, { customTags: functionTags() }));

/** Parameters that have no default, for tests. */
const required = {
  BucketName: "lab-jobs",
  VpcId: "vpc-0123456789abcdef0",
  SubnetIds: "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
};

export type Parameters = Readonly<Record<string, string>>;

/** The template as these parameters make it: without conditions and parameters, references to resources left as they are. */
export function render(given: Parameters = {}): { readonly Resources: Table; readonly Outputs: Table } {
  const values = new Map<string, Json>();
  for (const [name, declared] of Object.entries(asTable(template.Parameters))) {
    const { Type, Default } = asTable(declared);
    const value = { ...required, ...given }[name] ?? Default;
    if (value === undefined) throw new Error(`No value for the parameter ${name}`);
    values.set(name, typed(String(Type), String(value)));
  }
  for (const name of Object.keys(given)) {
    if (!values.has(name)) throw new Error(`The template has no parameter ${name}`);
  }
  const scope = { values, conditions: asTable(template.Conditions) };
  return {
    Resources: conditional(asTable(template.Resources), scope),
    Outputs: conditional(asTable(template.Outputs), scope),
  };
}

/** The value at a path of keys (`Properties.Tags.0.Key`), undefined where there is none. */
export function at(value: Json | undefined, path: string): Json | undefined {
  return path.split(".").reduce<Json | undefined>((found, key) => {
    if (typeof found !== "object" || found === null) return undefined;
    return Array.isArray(found) ? found[Number(key)] : (found as Table)[key];
  }, value);
}

export function asTable(value: unknown): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`Not a table: ${JSON.stringify(value)}`);
  }
  return value as Table;
}

function typed(type: string, value: string): Json {
  if (type === "Number") return Number(value);
  return type === "CommaDelimitedList" || type.startsWith("List<") ? value.split(",") : value;
}

/** What `!Ref AWS::NoValue` leaves. */
const nothing = Symbol("no value");

/** What the functions of a template are resolved with. */
interface Scope {
  readonly values: ReadonlyMap<string, Json>;
  readonly conditions: Table;
}

/** Those that have no condition, or one that holds. */
function conditional(some: Table, scope: Scope): Table {
  const kept = Object.entries(some).filter(([, one]) => {
    const { Condition } = asTable(one);
    return Condition === undefined || holds(String(Condition), scope);
  });
  return asTable(resolve(Object.fromEntries(kept), scope));
}

function holds(name: string, scope: Scope): boolean {
  return isMet(asTable(scope.conditions[name]), scope);
}

function isMet(condition: Table, scope: Scope): boolean {
  const [[kind, operands] = []] = Object.entries(condition);
  const list = operands as readonly Table[];
  if (kind === "Condition") return holds(String(operands), scope);
  if (kind === "Fn::Not") return !list.every((one) => isMet(one, scope));
  if (kind === "Fn::And") return list.every((one) => isMet(one, scope));
  if (kind !== "Fn::Equals") throw new Error(`No such condition: ${kind}`);
  const [left, right] = list.map((operand) => String(resolve(operand, scope)));
  return left === right;
}

function resolve(node: Json, scope: Scope): Json {
  const resolved = resolveAny(node, scope);
  if (resolved === nothing) throw new Error("AWS::NoValue where a value must be");
  return resolved;
}

function resolveAny(node: Json, scope: Scope): Json | typeof nothing {
  if (typeof node !== "object" || node === null) return node;
  if (Array.isArray(node)) return node.map((one) => resolveAny(one, scope)).filter((one) => one !== nothing);
  const entries = Object.entries(node as Table);
  const [[name, operand] = []] = entries;
  if (entries.length === 1 && name !== undefined && operand !== undefined) {
    if (name === "Ref") return reference(String(operand), scope);
    if (name === "Fn::If") return choose(operand as readonly Json[], scope);
    if (name === "Fn::Sub") return substitute(operand, scope);
    if (name === "Fn::Join") return join(resolve(operand, scope) as readonly [string, readonly Json[]]);
  }
  const resolved = entries
    // Those of resources are dealt with; that of a policy is a table.
    .filter(([key, value]) => key !== "Condition" || typeof value === "object")
    .map(([key, value]) => [key, resolveAny(value, scope)] as const)
    .filter((entry): entry is readonly [string, Json] => entry[1] !== nothing);
  return Object.fromEntries(resolved);
}

function reference(name: string, { values }: Scope): Json | typeof nothing {
  return name === "AWS::NoValue" ? nothing : (values.get(name) ?? { Ref: name });
}

function choose([condition, yes, no]: readonly Json[], scope: Scope): Json | typeof nothing {
  const chosen = holds(String(condition), scope) ? yes : no;
  return chosen === undefined ? nothing : resolveAny(chosen, scope);
}

function substitute(operand: Json, scope: Scope): Json {
  const [text, extra] = Array.isArray(operand)
    ? (operand as unknown as readonly [string, Table])
    : [String(operand), {}];
  const result = text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => {
    const own = extra[name];
    const value = own === undefined ? scope.values.get(name) : resolve(own, scope);
    return value === undefined ? whole : String(value);
  });
  return result.includes("${") ? { "Fn::Sub": result } : result;
}

function join([separator, parts]: readonly [string, readonly Json[]]): Json {
  const whole = parts.every((part) => typeof part === "string");
  return whole ? parts.join(separator) : { "Fn::Join": [separator, parts] };
}

function functionTags(): (ScalarTag | CollectionTag)[] {
  const names = ["Ref", "Condition", "If", "Equals", "Not", "And", "Sub", "GetAtt", "Join"];
  return names.flatMap((name): (ScalarTag | CollectionTag)[] => {
    const long = name === "Ref" || name === "Condition" ? name : `Fn::${name}`;
    const tag = `!${name}`;
    return [
      {
        tag,
        resolve: (text: string) => ({ [long]: name === "GetAtt" ? text.split(".") : text }),
      },
      { tag, collection: "seq", resolve: (list) => ({ [long]: (list as { toJSON(): Json }).toJSON() }) },
    ];
  });
}
