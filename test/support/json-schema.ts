import { readFileSync } from "node:fs";

/** The part of JSON Schema (2020-12) that docs/jobs.schema.json uses. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const root = JSON.parse(
  readFileSync(new URL("../../docs/jobs.schema.json", import.meta.url), "utf8"),
) as Schema;

/** What is wrong with a value by a definition of docs/jobs.schema.json; what that doesn't name is wrong, too. */
export function breaches(value: unknown, definition: string): string[] {
  return check(value, { $ref: `#/$defs/${definition}` }, "");
}

function check(value: unknown, schema: Schema, path: string): string[] {
  if (schema.$ref !== undefined) return check(value, resolve(schema.$ref), path);
  const { type, pattern, properties = {}, required = [], items } = schema;
  const types = typeof type === "string" ? [type] : type;
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  if (types !== undefined && !types.includes(kind))
    return [`${path}: ${kind} is none of ${types.join(", ")}`];
  if ("const" in schema && value !== schema.const) return [`${path}: not ${schema.const}`];
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${path}: ${value} is not listed`];
  if (pattern !== undefined && typeof value === "string" && !new RegExp(pattern).test(value)) {
    return [`${path}: ${value} does not match`];
  }
  if (Array.isArray(value)) {
    return items === undefined ? [] : value.flatMap((item, index) => check(item, items, `${path}[${index}]`));
  }
  if (kind !== "object") return [];
  const object = value as Readonly<Record<string, unknown>>;
  return [
    ...required.filter((name) => !(name in object)).map((name) => `${path}.${name}: missing`),
    ...Object.entries(object).flatMap(([name, each]) => {
      const known = properties[name];
      return known === undefined
        ? [`${path}.${name}: not documented`]
        : check(each, known, `${path}.${name}`);
    }),
  ];
}

function resolve(reference: string): Schema {
  const found = root.$defs?.[reference.replace("#/$defs/", "")];
  if (found === undefined) throw new Error(`no ${reference} in the schema`);
  return found;
}
