import { expect, test } from "vitest";
import { look } from "./look.ts";

const at = (signal = new AbortController().signal) => ({
  doing: "look up the queue",
  permission: "batch:DescribeJobQueues",
  signal,
});

const answer = (name: string, httpStatusCode: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });

const fails = (error: unknown) => look(at(), () => Promise.reject(error));

test("what is there is seen, and nothing is absent", async () => {
  expect(await look(at(), async () => 1)).toEqual({ kind: "seen", value: 1 });
  expect(await look(at(), async () => undefined)).toEqual({ kind: "absent" });
});

test.each([
  ["NoSuchBucket", 404, "absent"],
  ["NotFound", 404, "absent"],
  ["NoSuchEntityException", 404, "absent"],
  ["ResourceNotFoundException", 400, "absent"],
  ["ServerSideEncryptionConfigurationNotFoundError", 404, "absent"],
  ["AccessDenied", 403, "denied"],
  ["AccessDeniedException", 400, "denied"],
  ["UnknownError", 403, "denied"],
  ["ExpiredToken", 400, "failed"],
  ["InvalidAccessKeyId", 403, "failed"],
  ["InternalError", 500, "failed"],
  ["NotImplemented", 501, "failed"],
])("%s (%i) is %s", async (name, status, kind) =>
  expect((await fails(answer(name, status))).kind).toBe(kind),
);

test("the permission that it would take is told, and why AWS failed with the next step", async () => {
  expect(await fails(answer("AccessDenied", 403))).toMatchObject({
    kind: "denied",
    permission: "batch:DescribeJobQueues",
  });
  const named = Object.assign(answer("AccessDenied", 403), {
    message: "User: arn:aws:iam::1:user/x is not authorized to perform: kms:GenerateDataKey on resource: y",
  });
  expect(await fails(named)).toMatchObject({
    kind: "denied",
    permission: "kms:GenerateDataKey",
    refusal: { sentence: named.message },
  });
  expect(await fails(answer("InternalError", 500))).toMatchObject({
    reason: "Could not look up the queue: InternalError (InternalError).",
    error: { hint: expect.stringContaining("NEXTSTRAIN_DEBUG") },
  });
});

test("a bug stays one, and so does cancelling", async () => {
  await expect(fails(new TypeError("bug"))).rejects.toThrow("bug");
  const ending = new AbortController();
  const cancelled = new Error("cancelled");
  const looking = look(at(ending.signal), async () => {
    ending.abort(cancelled);
    throw answer("AbortError", 0);
  });
  await expect(looking).rejects.toBe(cancelled);
});
