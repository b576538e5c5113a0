import { describe, expect, test } from "vitest";
import { CancelledError, UserError } from "../errors.ts";
import {
  explainAwsError,
  explained,
  isCredentialFailure,
  isDenied,
  isServerFault,
  isTransient,
  shortReason,
  wasNotCarriedOut,
} from "./errors.ts";

const answer = (name: string, httpStatusCode = 400, fault: "client" | "server" = "client") =>
  Object.assign(new Error(`${name} said the service`), {
    name,
    $fault: fault,
    $metadata: { httpStatusCode },
  });
const network = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
const provider = (name: string) => Object.assign(new Error("could not load credentials"), { name });

/** What the SDK makes of an answer that is no JSON. */
const unreadable = (httpStatusCode: number) =>
  Object.assign(new SyntaxError("Unexpected token '<'"), { $metadata: { httpStatusCode } });

describe("in plain words, with the next step", () => {
  test.each<[string, Error, RegExp, RegExp]>([
    ["no credentials", provider("CredentialsProviderError"), /^No AWS credentials/, /--local-aws/],
    ["expired", answer("ExpiredTokenException"), /have expired: could not read x/, /aws sso login/],
    [
      "rejected",
      answer("UnrecognizedClientException"),
      /does not accept the credentials/,
      /get-caller-identity/,
    ],
    [
      "a wrong clock",
      answer("RequestTimeTooSkewed", 403),
      /clock is wrong: could not read x/,
      /date and time/,
    ],
    ["denied", answer("AccessDeniedException", 403), /does not allow you to read x/, /administrator/],
    ["offline", network("ENOTFOUND"), /read x: AWS can't be reached \(connect ENOTFOUND\)/, /network/],
    ["timed out", provider("TimeoutError"), /can't be reached/, /network/],
    [
      "a firewall's page",
      unreadable(403),
      /read x: the answer \(HTTP status 403\) can't be read/,
      /firewall/,
    ],
    ["a failure without a reason", answer("UnknownError", 400), /read x: HTTP status 400, and no/, /DEBUG/],
    ["a refusal without a reason", answer("UnknownError", 403), /does not allow you to read x/, /policies/],
    [
      "anything else",
      answer("ClientException"),
      /Could not read x: .* \(ClientException\)/,
      /NEXTSTRAIN_DEBUG/,
    ],
  ])("%s", (_, error, message, hint) => {
    const told = explainAwsError(error, "read x");
    expect(told).toBeInstanceOf(UserError);
    expect(told).toMatchObject({
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(told).toHaveProperty("cause", error);
  });

  test.each([new TypeError("a bug"), new UserError("told"), new CancelledError(), "a string"])(
    "%s passes as it is",
    (error) => {
      expect(explainAwsError(error, "read x")).toBe(error);
    },
  );
});

test.each<[Error, boolean]>([
  [answer("ThrottlingException"), true],
  [answer("SlowDown", 503), true],
  [answer("InternalError", 500, "server"), true],
  [answer("BadGateway", 502), true],
  [network("ECONNRESET"), true],
  [network("EAI_AGAIN"), true],
  [network("HPE_INVALID_CONSTANT"), true],
  [Object.assign(new SyntaxError("<"), { $responseBodyText: "<html>" }), true],
  [Object.assign(new Error("mismatched tags"), { $responseBodyText: "<html>", $metadata: {} }), true],
  [unreadable(403), true],
  [unreadable(200), true],
  [answer("AccessDenied", 403), false],
  [answer("ExpiredToken", 403), false],
  [network("ENOENT"), false],
  [new SyntaxError("ours"), false],
])("%s may pass: %s", (error, passes) => {
  expect(isTransient(error)).toBe(passes);
});

test("credentials fail where they are expired, rejected or absent, whoever says it", () => {
  const failures = [
    answer("ExpiredToken", 403),
    answer("InvalidAccessKeyId", 403),
    provider("TokenProviderError"),
    new UserError("You are not logged in.", { cause: provider("CredentialsProviderError") }),
  ];
  expect(failures.map(isCredentialFailure)).toEqual(failures.map(() => true));
  const others = [answer("AccessDenied", 403), network("ECONNRESET"), new UserError("x"), new Error("bug")];
  expect(others.map(isCredentialFailure)).toEqual(others.map(() => false));
});

test.each<[Error, string]>([
  [
    unreadable(502),
    "the answer (HTTP status 502) can't be read, so something else than AWS gave it, or it was cut off",
  ],
  [answer("UnknownError", 503, "server"), "HTTP status 503, and no reason given"],
  [provider("TimeoutError"), "it does not answer"],
  [network("ECONNRESET"), "connect ECONNRESET"],
  [new UserError("The proxy refuses."), "The proxy refuses"],
])("%s in a few words: %s", (error, words) => {
  expect(shortReason(error)).toBe(words);
});

test("denied is what AWS says of a permission only", () => {
  expect(isDenied(answer("AccessDeniedException"))).toBe(true);
  expect(isDenied(answer("ExpiredToken"))).toBe(false);
  expect(isDenied(Object.assign(new Error("x"), { name: "AccessDenied" }))).toBe(false);
});

test("only what was refused, or never got there, was certainly not carried out", () => {
  const certain = [network("ECONNREFUSED"), network("ENOTFOUND"), answer("ThrottlingException")];
  expect(certain.map(wasNotCarriedOut)).toEqual([true, true, true]);
  const doubtful = [network("ECONNRESET"), network("ETIMEDOUT"), answer("InternalError", 500, "server")];
  expect(doubtful.map(wasNotCarriedOut)).toEqual([false, false, false]);
});

test("a signal's reason comes before any error it causes", async () => {
  const ending = new AbortController();
  const failing = explained("read x", ending.signal, async () => {
    ending.abort(new CancelledError());
    throw network("ECONNRESET");
  });
  await expect(failing).rejects.toBeInstanceOf(CancelledError);
});

test.each<[Error, boolean]>([
  [answer("ServerException", 500, "server"), true],
  [answer("ServiceUnavailableException", 503), true],
  // What stands between may say so of a request that the service carries out.
  [answer("UnknownError", 502, "server"), false],
  [network("ECONNRESET"), false],
  [provider("TimeoutError"), false],
  [answer("ClientException"), false],
  [new TypeError("a bug"), false],
])("%s is the service's own fault: %s", (error, expected) => {
  expect(isServerFault(error)).toBe(expected);
});
