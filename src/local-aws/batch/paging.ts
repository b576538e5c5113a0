import { clientException, optionalInteger, optionalString } from "./fields.ts";
import type { Json } from "./types.ts";

/**
 * One page of a list: `maxResults` (1 to `most`) from where `nextToken` says. The token names the last item given out, so
 * that items which come or go in between move no others.
 */
export function page<T>(
  input: Json,
  items: readonly T[],
  idOf: (item: T) => string,
  most = 100,
): { readonly items: readonly T[]; readonly nextToken?: string } {
  const size = optionalInteger(input, "maxResults") ?? most;
  if (size < 1 || size > most) throw clientException(`maxResults must be between 1 and ${most}.`);
  const token = optionalString(input, "nextToken");
  let start = 0;
  if (token) {
    const last = Buffer.from(token, "base64url").toString();
    start = items.findIndex((item) => idOf(item) === last) + 1;
    if (start === 0) throw clientException("nextToken is not valid.");
  }
  const found = items.slice(start, start + size);
  const last = found.at(-1);
  if (last === undefined || start + size >= items.length) return { items: found };
  return { items: found, nextToken: Buffer.from(idOf(last)).toString("base64url") };
}
