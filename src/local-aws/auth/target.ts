import { AwsError } from "../http.ts";

/** The request target (RFC 9112, origin form), taken apart without normalising anything: S3 keys may hold `//` and `..`. */
export interface Target {
  /** As sent, still percent-encoded. */
  readonly rawPath: string;
  readonly path: string;
  /** Decoded names and values, in the order sent. */
  readonly query: readonly (readonly [name: string, value: string])[];
}

/** @throws AwsError InvalidURI where the target is not an absolute path or its escapes are not UTF-8. */
export function parseTarget(url: string): Target {
  const mark = url.indexOf("?");
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  if (!rawPath.startsWith("/")) throw invalidUri();
  const pairs = mark < 0 ? [] : url.slice(mark + 1).split("&");
  return {
    rawPath,
    path: decode(rawPath),
    query: pairs.filter((pair) => pair !== "").map(parsePair),
  };
}

function parsePair(pair: string): readonly [string, string] {
  const [name = "", ...rest] = pair.replaceAll("+", " ").split("=");
  return [decode(name), decode(rest.join("="))];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidUri();
  }
}

function invalidUri(): AwsError {
  return new AwsError("InvalidURI", "Couldn't parse the specified URI.");
}
