import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { batchForEachTest } from "./testing/bench.ts";
import { call, refusal } from "./testing/fakes.ts";

const bench = batchForEachTest();

/** A request of the tagging operations, whose resource is in the path. */
async function tagging(method: string, resourceArn: string, { tags = {}, tagKeys = [] as string[] } = {}) {
  const response = await bench.batch.handle({
    method,
    path: `/v1/tags/${resourceArn}`,
    query: new URLSearchParams(tagKeys.map((key): [string, string] => ["tagKeys", key])),
    headers: {},
    body: Readable.from([Buffer.from(method === "POST" ? JSON.stringify({ tags }) : "")]),
    principal: { kind: "user", accessKeyId: "AKIATEST", arn: "arn:aws:iam::123456789012:user/test" },
    trailers: new Map(),
    requestId: "request-1",
  });
  return JSON.parse(String(response.body));
}

const arnOf = (resource: string) => `arn:aws:batch:us-east-1:123456789012:${resource}`;

test("each kind of thing can be tagged and untagged, and keeps its tags over a restart", async () => {
  const { arn } = await call(bench.batch, "CreateSchedulingPolicy", { name: "lab" });
  const jobId = await bench.submit({ tags: { a: "0" } });
  const all = [
    ...[arnOf(`job/${jobId}`), arnOf("job-definition/nextstrain-job:1"), arn],
    ...[arnOf("job-queue/nextstrain-job-queue"), arnOf("compute-environment/nextstrain-compute-environment")],
  ];
  for (const one of all) await tagging("POST", one, { tags: { a: "1", b: "2" } });
  for (const one of all) await tagging("DELETE", one, { tagKeys: ["b", "c"] });
  await bench.batch.close();
  bench.batch = await bench.open();
  for (const one of all) expect(await tagging("GET", one)).toEqual({ tags: { a: "1" } });
  expect((await bench.describeJob(jobId)).tags).toEqual({ a: "1" });
});

test("an array has tags, which its children show, and which can't be changed there", async () => {
  const jobId = await bench.submit({ arrayProperties: { size: 2 }, tags: { a: "1" } });
  expect(await tagging("GET", arnOf(`job/${jobId}`))).toEqual({ tags: { a: "1" } });
  expect((await bench.describeJob(`${jobId}:1`)).tags).toEqual({ a: "1" });
  await expect(tagging("POST", arnOf(`job/${jobId}:1`), { tags: { a: "2" } })).rejects.toThrow(/no resource/);
});

test("what is not there, AWS's own names and more than 50 are refused", async () => {
  const queue = arnOf("job-queue/nextstrain-job-queue");
  await expect(tagging("GET", arnOf("job-queue/none"))).rejects.toThrow(/no resource/);
  await expect(tagging("POST", queue, { tags: { "aws:x": "1" } })).rejects.toThrow(/reserved/);
  const many = (from: number) =>
    Object.fromEntries(Array.from({ length: 26 }, (_, index) => [`t${from + index}`, "x"]));
  await tagging("POST", queue, { tags: many(0) });
  await expect(tagging("POST", queue, { tags: many(26) })).rejects.toThrow(/50 tags/);
});

test("a path that only ends like an operation's is none", async () => {
  await expect(
    bench.batch.handle({
      ...{ method: "POST", path: "/v2/describejobs", query: new URLSearchParams(), headers: {} },
      ...{ body: Readable.from([]), trailers: new Map(), requestId: "r" },
      principal: { kind: "user", accessKeyId: "AKIATEST", arn: "" },
    }),
  ).rejects.toThrow(/does not implement Batch POST \/v2\/describejobs/);
  expect(await refusal(bench.batch, "TagResource", {})).toMatch(/./);
});
