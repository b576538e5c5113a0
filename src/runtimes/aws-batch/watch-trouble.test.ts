import { describe, expect, test } from "vitest";
import { UserError } from "../../errors.ts";
import {
  chatter,
  type FakeJob,
  kinds,
  networkError,
  others,
  running,
  serviceError,
  texts,
  watchFake,
} from "./testing/fake-job.ts";
import { UnlistedError } from "./trouble.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe("trouble", () => {
  const lines = chatter(3 * SECOND, 10 * MINUTE, 2 * SECOND);
  const between = (from: number, until: number, error: Error, only?: "status" | "log") => ({
    fault: (asked: "status" | "log", time: number) =>
      time > from && time < until && (only === undefined || asked === only) ? error : undefined,
  });

  test.each([
    ["throttling", serviceError("ThrottlingException")],
    ["too many requests", serviceError("TooManyRequestsException", 429)],
    ["a fault of the service's", serviceError("InternalServerException", 500)],
    ["an answer without a body", serviceError("503", 503)],
    ["a cut connection", networkError("ECONNRESET")],
    ["a refused connection", networkError("ECONNREFUSED")],
    ["no name resolution", networkError("ENOTFOUND")],
    ["a resolver that is gone", networkError("EAI_AGAIN")],
    ["no network", networkError("ENETUNREACH")],
    ["no answer", Object.assign(new Error("no answer"), { name: "TimeoutError" })],
    ["a hotel's certificate", networkError("SELF_SIGNED_CERT_IN_CHAIN")],
    ["a hotel's login page", Object.assign(new SyntaxError("<"), { $responseBodyText: "<html>" })],
  ])("%s is told once, and when it is over; no line is lost", async (_, error) => {
    const job = running(10 * MINUTE + 500, lines, between(MINUTE, 5 * MINUTE, error));
    const watched = await watchFake(job);
    expect(others(watched)).toEqual(["trouble", "recovered", "ended"]);
    expect(watched.messages).toEqual(texts(lines));
  });

  test("of the log alone is not over while only the states come through", async () => {
    const job = running(
      10 * MINUTE,
      lines,
      between(MINUTE, 5 * MINUTE, serviceError("ThrottlingException"), "log"),
    );
    const watched = await watchFake(job);
    expect(others(watched)).toEqual(["trouble", "recovered", "ended"]);
    const recovered = watched.times[kinds(watched).indexOf("recovered")];
    expect(recovered).toBeGreaterThan(5 * MINUTE);
    expect(watched.messages).toEqual(texts(lines));
  });

  test("that lasts ends the watch, when the patience set is over", async () => {
    const job = running(HOUR, [], between(MINUTE, HOUR, networkError("ENOTFOUND")));
    const watched = await watchFake(job, { patience: 5 * MINUTE });
    expect(watched.error).toBeInstanceOf(UserError);
    expect(String(watched.error)).toContain("could not be reached for 5 minutes: connect ENOTFOUND");
    const end = watched.requests.at(-1)?.time ?? 0;
    expect(end).toBeGreaterThan(6 * MINUTE);
    expect(end).toBeLessThan(6.5 * MINUTE);
  });

  test("of the log alone never ends the watch of a job that runs, and gives the log up after its end", async () => {
    const job = running(HOUR, lines, between(MINUTE, 3 * HOUR, networkError("ECONNRESET"), "log"));
    const watched = await watchFake(job);
    expect(watched.error).toBeUndefined();
    expect(others(watched)).toEqual(["trouble", "no-log", "ended"]);
    expect(watched.times.at(-1)).toBeLessThan(HOUR + MINUTE);
  });

  test("a firewall's page in place of the log never ends the watch, and an ended job's results don't wait for it", async () => {
    const page = Object.assign(new SyntaxError("Unexpected token '<'"), {
      $metadata: { httpStatusCode: 403 },
    });
    const watched = await watchFake(running(MINUTE, lines, between(0, HOUR, page, "log")));
    expect(watched.error).toBeUndefined();
    expect(others(watched)).toEqual(["trouble", "no-log", "ended"]);
    expect(watched.times.at(-1)).toBeLessThan(MINUTE + 20 * SECOND);
    expect(watched.events.find(({ kind }) => kind === "trouble")).toHaveProperty(
      "reason",
      expect.stringMatching(/^the answer \(HTTP status 403\) can't be read/),
    );
  });

  test.each([
    serviceError("InvalidOperationException"),
    new UserError("The proxy refuses to connect to logs.us-east-1.amazonaws.com:443 (status 403)."),
  ])("a log that can't be read (%s) leaves the states", async (refusal) => {
    const watched = await watchFake(running(MINUTE, lines, between(0, HOUR, refusal, "log")));
    expect(watched.error).toBeUndefined();
    expect(others(watched)).toEqual(["no-log", "ended"]);
  });

  test("a computer that sleeps for hours in the middle of it does not wear patience out", async () => {
    let slept = false;
    const leap = (time: number) => {
      if (slept || time < 2 * MINUTE) return 0;
      slept = true;
      return 8 * HOUR;
    };
    const job = running(10 * MINUTE + 500, lines, between(MINUTE, 3 * MINUTE, networkError("ENOTFOUND")));
    const watched = await watchFake(job, { leap });
    expect(others(watched)).toEqual(["trouble", "recovered", "ended"]);
    expect(watched.messages).toEqual(texts(lines));
  });

  test("a clock that is set back does not stop the watch", async () => {
    let set = false;
    const leap = (time: number) => {
      if (set || time < MINUTE) return 0;
      set = true;
      return -5 * HOUR;
    };
    const watched = await watchFake(running(10 * MINUTE + 500, lines), { leap });
    expect(watched.messages).toEqual(texts(lines));
    expect(watched.times.at(-1)).toBeLessThan(11 * MINUTE);
  });

  test("a token that is refused is done without: no line twice, none lost", async () => {
    const together = lines.flatMap((line) => [line, { ...line, message: `${line.message}, same time` }]);
    const all = [...together, { at: 10 * MINUTE, message: "+ exit 0" }];
    const job = running(10 * MINUTE + 500, all, { tokenLife: 4 * SECOND, pageSize: 3 });
    const watched = await watchFake(job);
    expect(watched.messages).toEqual(texts(all));
  });

  test.each([
    ["right after the submission", 0, 5 * SECOND],
    ["once in the middle", 5 * MINUTE, 5 * MINUTE + 10 * SECOND],
  ])("an answer that lacks the job %s is passed over in silence", async (_, from, until) => {
    const watched = await watchFake(
      running(10 * MINUTE + 500, lines, between(from - 1, until, new UnlistedError(), "status")),
    );
    expect(watched.error).toBeUndefined();
    expect(others(watched)).toEqual(["ended"]);
    expect(watched.messages).toEqual(texts(lines));
  });

  test("answers that go on to lack the job are told of, and end the watch when patience is over", async () => {
    const passing = between(MINUTE, 5 * MINUTE, new UnlistedError(), "status");
    const watched = await watchFake(running(10 * MINUTE + 500, lines, passing));
    expect(others(watched)).toEqual(["unlisted", "recovered", "ended"]);
    expect(watched.messages).toEqual(texts(lines));
    const lasting = between(MINUTE, HOUR, new UnlistedError(), "status");
    const ended = await watchFake(running(HOUR, lines, lasting));
    expect(ended.error).toBeInstanceOf(UserError);
    expect(String(ended.error)).toContain("AWS Batch has not listed the job for 15 minutes.");
  });

  test("an answer that is older than the one before does not end the log", async () => {
    const sparse = chatter(3 * SECOND, 10 * MINUTE, 30 * SECOND);
    const job = running(10 * MINUTE + 500, sparse);
    const [queued, begun, ended] = job.states;
    if (!queued || !begun || !ended) throw new Error("a job has three states");
    const again = { ...begun, at: 5 * MINUTE + 9 * SECOND };
    const states = [queued, begun, { ...begun, status: "RUNNABLE", at: 5 * MINUTE } as const, again, ended];
    const watched = await watchFake({ ...job, states });
    expect(watched.messages).toEqual(texts(sparse));
  });

  test("anything else ends the watch at once", async () => {
    const job = running(HOUR, [], between(MINUTE, HOUR, serviceError("ClientException"), "status"));
    const watched = await watchFake(job);
    expect(watched.error).toBeInstanceOf(UserError);
    expect(watched.requests.at(-1)?.time).toBeLessThan(1.3 * MINUTE);
  });

  test("a bug is not taken for trouble", async () => {
    const bug = new TypeError("undefined is not a function");
    expect((await watchFake(running(HOUR, [], between(MINUTE, HOUR, bug)))).error).toBe(bug);
  });
});

describe("credentials and permissions", () => {
  const lines = chatter(3 * SECOND, 10 * MINUTE, 2 * SECOND);

  /** Refused from the first minute on, until they were renewed after the fifth. */
  const expiring = (name: string): FakeJob =>
    running(10 * MINUTE + 500, lines, {
      fault: (_, time) => (time > MINUTE && time < 5 * MINUTE ? serviceError(name, 403) : undefined),
    });

  test.each(["ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId"])(
    "%s: says so once, and goes on once there are new credentials",
    async (name) => {
      const watched = await watchFake(expiring(name));
      expect(others(watched)).toEqual(["locked-out", "recovered", "ended"]);
      expect(watched.messages).toEqual(texts(lines));
    },
  );

  test("credentials that nobody can renew for this program end the watch at once", async () => {
    const watched = await watchFake(expiring("ExpiredTokenException"), { credentialsAreFixed: true });
    expect(watched.error).toBeInstanceOf(UserError);
    expect(watched.error).toHaveProperty("hint", expect.stringContaining("environment variables"));
  });

  test("credentials that are not renewed end the watch when patience is over", async () => {
    const watched = await watchFake(
      running(HOUR, [], {
        fault: (_, time) => (time > MINUTE ? serviceError("ExpiredToken", 403) : undefined),
      }),
    );
    expect(String(watched.error)).toContain("have not been accepted for 15 minutes");
  });

  test("a log that may not be read is told of once; the states go on", async () => {
    const watched = await watchFake(
      running(10 * MINUTE, lines, {
        fault: (asked) => (asked === "log" ? serviceError("AccessDeniedException", 400) : undefined),
      }),
    );
    expect(others(watched)).toEqual(["no-log", "ended"]);
    expect(watched.requests.filter(({ asked }) => asked === "log")).toHaveLength(1);
  });

  test("a job that may not be looked at ends the watch", async () => {
    const watched = await watchFake(
      running(HOUR, [], {
        fault: (asked, time) =>
          asked === "status" && time > MINUTE ? serviceError("AccessDeniedException", 403) : undefined,
      }),
    );
    expect(String(watched.error)).toContain("does not allow you to watch the job");
  });
});
