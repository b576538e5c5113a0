type Json = Readonly<Record<string, unknown>>;

const compared = ["Equals", "NotEquals"];
const ordered = [...compared, "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];

/** "IAM JSON policy elements: Condition operators" (IAM User Guide). */
const operators: readonly string[] = [
  ...[...compared, "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"].map((one) => `String${one}`),
  ...ordered.flatMap((one) => [`Numeric${one}`, `Date${one}`]),
  ...[...compared, "Like", "NotLike"].map((one) => `Arn${one}`),
  ...["Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"],
];

const operatorOf = (name: string) => name.replace(/^For(?:AnyValue|AllValues):/, "").replace(/IfExists$/, "");

/** Whether a statement's `Condition` has the right form. Operators that compare nothing may have any name. */
export function checkConditions(conditions: unknown): boolean {
  if (conditions === undefined) return true;
  if (!isRecord(conditions)) return false;
  return Object.entries(conditions).every(([name, keys]) => {
    if (!isRecord(keys)) return false;
    const isKnown = operators.includes(operatorOf(name)) || Object.keys(keys).length === 0;
    return isKnown && Object.values(keys).every((value) => valuesOf(value).every(isValue));
  });
}

/** Whether all dates in a `Condition` are such: ISO 8601, or seconds since 1970. */
export function isDateTaken(conditions: unknown): boolean {
  if (!isRecord(conditions)) return true;
  const dates = Object.entries(conditions)
    .filter(([name]) => operatorOf(name).startsWith("Date"))
    .flatMap(([, keys]) => Object.values(isRecord(keys) ? keys : {}).flatMap(valuesOf));
  return dates.every((date) => isDate(String(date).toLowerCase()));
}

/** All parts after the year may be left out. */
const iso =
  /^(-?\d{1,9})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:t(?:(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.\d{1,9})?(?:z|[+-](\d\d)(?::(\d\d))?)?)?)?)?)?$/;

function isDate(text: string): boolean {
  // A variable is filled in when the policy is evaluated.
  if (text.includes("${")) return true;
  if (/^\d+$/.test(text)) return BigInt(text) < 2n ** 63n;
  const [, year, month = 1, day = 1, hours = 0, minutes = 0, seconds = 0, zone = 0, part = 0] =
    iso.exec(text) ?? [];
  const isIn = (value: string | number, from: number, to: number) =>
    Number(value) >= from && Number(value) <= to;
  return (
    year !== undefined &&
    isIn(year, -292_275_054, 292_278_993) &&
    isIn(month, 1, 12) &&
    isIn(day, 1, 31) &&
    [hours, zone].every((value) => isIn(value, 0, 23)) &&
    [minutes, seconds, part].every((value) => isIn(value, 0, 59))
  );
}

const valuesOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

const isValue = (value: unknown) => ["string", "boolean", "number"].includes(typeof value);

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
