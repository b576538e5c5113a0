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

test("what comes after the upload is not waited for, and not said", async () => {
  const context = testContext();
  let tell = (_: readonly Finding[]) => {};
  const found = new Promise<readonly Finding[]>((resolve) => {
    tell = resolve;
  });
  expect(await besidePreflight(context, preflight(found), async () => "sent")).toBe("sent");
  tell([finding("caution")]);
  await found;
  expect(context.output.err).toEqual([]);
});
