import type { Context } from "../cli/context.ts";
import { UserError } from "../errors.ts";
import type { Sourced } from "../settings.ts";

/** What to know of passwords in a proxy's URL. */
export const PERCENT =
  "Special characters in a name or password are written by their codes, such as %25 for % and %23 for #.";

/** Where requests are to go through, by the target's protocol and host. */
export interface ProxyChoice {
  /** The proxy for a target; undefined: straight there. */
  find(protocol: "http:" | "https:", host: string, port: number): Sourced<URL> | undefined;
}

/**
 * `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, as boto3 reads them: lower-case names win, and a proxy without a scheme is
 * an HTTP one. Throws UserError where a value is no URL of a proxy, or names a kind that can't be used.
 */
export function readProxies({ env }: Pick<Context, "env">): ProxyChoice {
  const http = readProxy(env, "http_proxy");
  const https = readProxy(env, "https_proxy");
  const exceptions = (env.no_proxy || env.NO_PROXY || "")
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== "");
  return {
    find(protocol, host, port) {
      const proxy = protocol === "https:" ? https : http;
      return proxy && !exceptions.some((entry) => isException(entry, host.toLowerCase(), port))
        ? proxy
        : undefined;
    },
  };
}

/** As Python's urllib has it: `*`, or a host and all below it, with or without a leading dot, with or without a port. */
function isException(entry: string, host: string, port: number): boolean {
  if (entry === "*") return true;
  const suffix = entry.replace(/^\*?\./, "");
  return [host, `${host}:${port}`].some((name) => name === suffix || name.endsWith(`.${suffix}`));
}

function readProxy(env: Context["env"], lower: string): Sourced<URL> | undefined {
  const source = [lower, lower.toUpperCase()].find((name) => env[name]);
  const text = source && env[source];
  if (!source || !text) return undefined;
  const value = parseUrl(text.includes("://") ? text : `http://${text}`);
  // The value may hold a password: it isn't shown.
  if (value === undefined) {
    throw new UserError(`The value of ${source} is not the URL of a proxy.`, {
      hint: `It should look like ${source}=http://proxy.example.org:3128. ${PERCENT}`,
    });
  }
  if (value.protocol !== "http:" && value.protocol !== "https:") {
    throw new UserError(`${source} names a ${value.protocol.slice(0, -1)} proxy, which can't be used.`, {
      hint: "Only proxies that speak HTTP can: http://… or https://….",
    });
  }
  return { value, source };
}

function parseUrl(text: string): URL | undefined {
  try {
    const url = new URL(text);
    // A password with "/", "?" or "#" in it: what stands before that is not the host.
    const isCut = /@/.test(url.pathname + url.search + url.hash);
    return url.hostname === "" || isCut ? undefined : url;
  } catch {
    return undefined;
  }
}
