import { isTransient } from "./errors.ts";

/** The SDK asks SSO for a newer login only so often, and in between says of an old one that it has expired. Milliseconds. */
const REFRESHED_EVERY = 30_000;

/**
 * Keeps how STS and SSO could not be reached: SSO's providers tell of it in words alone, or say that the login has expired. The
 * SDK's log is where the error itself shows.
 */
export function noteOutage(now: () => number) {
  let last: { readonly error: unknown; readonly at: number } | undefined;
  const nothing = () => {};
  return {
    /** Undefined where there was an answer since, or no request for long. */
    failure: () => (last && now() - last.at <= REFRESHED_EVERY ? last.error : undefined),
    logger: {
      debug: nothing,
      warn: nothing,
      info: () => {
        last = undefined;
      },
      error: (entry: { readonly error?: unknown }) => {
        last = isTransient(entry.error) ? { error: entry.error, at: now() } : undefined;
      },
    },
  };
}
