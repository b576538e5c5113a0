import type { Target } from "./target.ts";

/** Header values by lower-case name, in the order sent. */
export type HeaderLists = ReadonlyMap<string, readonly string[]>;

/**
 * Node's `rawHeaders` (name, value, name, value, …), which keep what `headers` joins or drops. Values are read as UTF-8, in which
 * they are signed.
 */
export function collectHeaders(rawHeaders: readonly string[]): HeaderLists {
  const lists = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? "";
    const list = lists.get(name) ?? [];
    list.push(decodeBytes(rawHeaders[i + 1] ?? ""));
    lists.set(name, list);
  }
  return lists;
}

/** Text of which Node gives each byte as a character. Bytes that are no UTF-8 are left as they are: older clients send Latin-1. */
export function decodeBytes(text: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, "latin1"));
  } catch {
    return text;
  }
}

/** The first value of a header. */
export function headerOf(headers: HeaderLists, name: string): string | undefined {
  return headers.get(name)?.[0];
}

/**
 * The canonical request of Signature Version 4 ("Create a canonical request", IAM User Guide).
 *
 * @param service decides on the path: S3's is encoded once, every other service's is normalised and encoded twice.
 */
export function canonicalRequest(request: {
  readonly method: string;
  readonly target: Target;
  readonly headers: HeaderLists;
  readonly signedHeaders: readonly string[];
  readonly service: string;
  readonly payloadHash: string;
}): string {
  const { method, target, headers, signedHeaders, service, payloadHash } = request;
  const path = service === "s3" ? encodePath(target.path) : encodePath(normalizePath(target.rawPath));
  return [
    method,
    path,
    canonicalQuery(target.query),
    ...signedHeaders.map((name) => `${name}:${canonicalValue(headers.get(name) ?? [])}`),
    "",
    signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
}

/** Everything but RFC 3986's unreserved characters, percent-encoded. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function encodePath(path: string): string {
  return path.split("/").map(uriEncode).join("/");
}

/** RFC 3986 5.2.4, and no empty segments. */
function normalizePath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const slash = path.endsWith("/") && kept.length > 0 ? "/" : "";
  return `/${kept.join("/")}${slash}`;
}

function canonicalQuery(query: Target["query"]): string {
  return query
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function canonicalValue(values: readonly string[]): string {
  return values.map((value) => value.trim().replace(/\s+/g, " ")).join(",");
}

/** Encoded text is ASCII, so this is byte order. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
