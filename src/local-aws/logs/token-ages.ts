import { invalidToken } from "./tokens.ts";

/** How long ago tokens were given out: on AWS they are good for 24 hours, here for ever unless a fault says so. */
export interface TokenAges {
  givenOut(...tokens: readonly string[]): void;
  /** @throws AwsError InvalidParameterException where the token is refused for its age */
  check(stream: string, token: string): void;
}

/** Tokens remembered at most, the latest ones: others, such as those of before a restart, count as just given out. */
const REMEMBERED = 10_000;

export function watchTokenAges(
  now: () => number,
  isExpired: (stream: string, ageMs: number) => boolean = () => false,
): TokenAges {
  const times = new Map<string, number>();
  return {
    givenOut(...tokens) {
      for (const token of tokens) {
        // Taken out first, to stand last.
        times.delete(token);
        times.set(token, now());
      }
      for (const token of times.keys()) {
        if (times.size <= REMEMBERED) break;
        times.delete(token);
      }
    },
    check(stream, token) {
      const given = times.get(token) ?? now();
      if (isExpired(stream, now() - given)) throw invalidToken();
    },
  };
}
