import { describe, expect, test } from "vitest";
import { testContext } from "../../test/support/context.ts";
import { CancelledError, UserError } from "../errors.ts";
import { runCredentialProcess } from "./credential-process.ts";
import { isCredentialFailure } from "./errors.ts";

const KEYS = { Version: 1, AccessKeyId: "AKIAOFPROCESS", SecretAccessKey: "secretOfProcess" };

function run(command: string, { context = testContext({ env: process.env }), limit = 600_000 } = {}) {
  const process = { profile: "lab", command };
  return { context, result: runCredentialProcess(context, process, limit) };
}
const write = (output: object | string) =>
  `printf '%s\n' '${typeof output === "string" ? output : JSON.stringify(output)}'`;

test("what it writes are the credentials; its input is empty, and its standard error is shown", async () => {
  const session = { ...KEYS, SessionToken: "tokenOfProcess", Expiration: "2026-01-15T13:00:00Z" };
  const { context, result } = run(`cat; echo 'Touch your key.' >&2; ${write(session)}`);
  expect(await result).toEqual({
    accessKeyId: "AKIAOFPROCESS",
    secretAccessKey: "secretOfProcess",
    sessionToken: "tokenOfProcess",
    expiration: new Date("2026-01-15T13:00:00Z"),
  });
  expect(context.output).toEqual({ out: [], err: ["Touch your key."] });
});

describe("where it gives none, one message says what is wrong, and shows nothing of it", () => {
  test.each([
    ["fails", `${write(KEYS)}; exit 3`, "failed (exit status 3)"],
    ["isn't there", "no-such-program-secretOf", "failed (exit status 127)"],
    ["is killed", "kill -9 $$", "was ended by a signal"],
    ["writes other things", write("secretOfProcess"), "wrote no JSON"],
    ["writes another version", write({ ...KEYS, Version: 2 }), "wrote JSON that does not say Version 1"],
    ["writes null", write("null"), "wrote JSON that does not say Version 1"],
    ["leaves a key out", write({ ...KEYS, SecretAccessKey: undefined }), "without an AccessKeyId or"],
    ["is late", write({ ...KEYS, Expiration: "2026-01-15T11:00:00Z" }), "have expired already"],
    ["has no time", write({ ...KEYS, Expiration: "soon" }), "an Expiration that is no time"],
  ])("it %s", async (_, command, message) => {
    const error: unknown = await run(command).result.catch((one: unknown) => one);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ message: expect.stringContaining(`of the profile "lab" `) });
    expect(error).toMatchObject({ message: expect.stringContaining(message), hint: expect.any(String) });
    expect(JSON.stringify([String(error), (error as UserError).hint])).not.toContain("secretOf");
    // A watch waits for better ones.
    expect(isCredentialFailure(error)).toBe(true);
  });
});

describe("it is ended", () => {
  test("by the time limit", async () => {
    const { result } = run("exec sleep 600", { limit: 100 });
    await expect(result).rejects.toThrow(/did not end within/);
  });

  test("by the program's end", async () => {
    const ending = new AbortController();
    const context = testContext({ env: process.env, signal: ending.signal });
    const { result } = run("echo started >&2; exec sleep 600", { context });
    await expect.poll(() => context.output.err).toEqual(["started"]);
    ending.abort(new CancelledError());
    await expect(result).rejects.toBeInstanceOf(CancelledError);
  });

  test("by a signal that somebody handles, and does not end the program with", async () => {
    const context = testContext({ env: process.env });
    using _ = context.signals.handle({ SIGHUP: () => {} });
    const { result } = run("trap '' TERM; echo started >&2; for _ in $(seq 400); do sleep 0.05; done", {
      context,
    });
    await expect.poll(() => context.output.err).toEqual(["started"]);
    context.send("SIGHUP");
    await expect(result).rejects.toThrow("was interrupted");
  });
});
