import { expect, test } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import type { JobDefinition } from "../../aws/batch.ts";
import type { Finding } from "../../checks/finding.ts";
import { besidePreflight, type Preflight } from "./preflight.ts";

const finding = (mark: Finding["mark"]): Finding => ({
  id: "x",
  mark,
  says: `It is ${mark}.`,
  mend: "Mend it.",
});

const preflight = (besideUpload: Promise<readonly Finding[]>): Preflight => ({
  target: Promise.resolve({ definition: {} as JobDefinition, queue: undefined, cautions: [] }),
  besideUpload,
  environments: async () => undefined,
});

/** Work that lasts until it is stopped. */
const endless = ({ signal }: { readonly signal: AbortSignal }) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("what is sure to fail stops the upload, with the next step", async () => {
  const found = Promise.resolve([finding("ok"), finding("wrong")]);
  await expect(besidePreflight(testContext(), preflight(found), endless)).rejects.toMatchObject({
    name: "UserError",
    message: "It is wrong.",
    hint: "Mend it.",
  });
});

test("what may fail is warned of, what can't be told is not", async () => {
  const context = testContext();
  const found = Promise.resolve([finding("caution"), finding("unknown"), finding("ok")]);
  expect(await besidePreflight(context, preflight(found), () => found.then(() => "sent"))).toBe("sent");
  expect(context.output.err).toEqual(["Warning: It is caution. Mend it."]);
});

/** A verdict that comes when the test says so. */
function later() {
  let tell = (_: readonly Finding[]) => {};
  const found = new Promise<readonly Finding[]>((resolve) => {
    tell = resolve;
  });
  return { found, tell: (findings: readonly Finding[]) => tell(findings) };
}

test("a verdict that comes a moment after the upload still counts", async () => {
  const { found, tell } = later();
  const sent = besidePreflight(testContext(), preflight(found), async () =>
    setTimeout(() => tell([finding("wrong")])),
  );
  await expect(sent).rejects.toMatchObject({ name: "UserError", message: "It is wrong." });
});

test("a signal ends the wait for a verdict", async () => {
  const ending = new AbortController();
  const context = testContext({ signal: ending.signal });
  const reason = new Error("enough");
  const sent = besidePreflight(context, preflight(later().found), async () =>
    setTimeout(() => ending.abort(reason)),
  );
  await expect(sent).rejects.toBe(reason);
});

test("a verdict that takes too long is not waited for, and not said", async () => {
  const context = testContext();
  const { found, tell } = later();
  expect(await besidePreflight(context, preflight(found), async () => "sent", 0)).toBe("sent");
  tell([finding("caution")]);
  await found;
  expect(context.output.err).toEqual([]);
});
