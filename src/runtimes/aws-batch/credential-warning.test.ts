import { expect, test } from "vitest";
import { credentialWarning } from "./credential-warning.ts";

const now = Date.UTC(2026, 0, 15, 12);
const token = "token";
const given = new Map([["AWS_SESSION_TOKEN", token]]);
const ending = (AWS_CREDENTIAL_EXPIRATION: string | undefined) => ({
  AWS_SESSION_TOKEN: token,
  AWS_CREDENTIAL_EXPIRATION,
});

test.each([
  ["end before the job's time limit", given, ending("2026-01-15T15:59:00Z"), 14_400, true],
  ["end after it", given, ending("2026-01-15T16:00:00Z"), 14_400, false],
  ["end, and the job has no time limit", given, ending("2026-02-15T12:00:00Z"), undefined, true],
  ["end nobody knows when", given, ending(undefined), 14_400, false],
  ["end at what is no time", given, ending("soon"), 14_400, false],
  ["aren't given to the job", new Map(), ending("2026-01-15T12:30:00Z"), 14_400, false],
  [
    "are others than those here",
    new Map([["AWS_SESSION_TOKEN", "other"]]),
    ending("2026-01-15T12:30:00Z"),
    14_400,
    false,
  ],
])("temporary credentials that %s", (_, variables, env, limit, isWarned) => {
  const warning = credentialWarning(variables, env, { limit, now });
  if (isWarned) expect(warning).toContain(`${env.AWS_CREDENTIAL_EXPIRATION?.slice(0, 16)}`);
  else expect(warning).toBeUndefined();
});

test("the time limit is said in words", () => {
  const env = ending("2026-01-15T12:30:00Z");
  expect(credentialWarning(given, env, { limit: 14_400, now })).toContain("its time limit is 4 hours");
  expect(credentialWarning(given, env, { limit: 2700, now })).toContain("its time limit is 45 minutes");
});
