import { expect, test } from "vitest";
import { memoryLogs } from "../batch/testing/fakes.ts";
import { createFaults } from "./faults.ts";
import { faultyLogSink } from "./log-sink.ts";
import { parsePlan } from "./plan.ts";

const [group, stream] = ["group", "stream"];
const line = (message: string) => [{ timestamp: 1, message }];
const told = (logs: ReturnType<typeof memoryLogs>) =>
  logs.streams.get(`${group} ${stream}`)?.map(({ message }) => message);

function sinkWith(...rules: object[]) {
  const faults = createFaults(() => 0);
  faults.use(parsePlan(JSON.stringify({ rules })));
  const logs = memoryLogs();
  return { logs, sink: faultyLogSink(logs, faults, () => undefined) };
}

test("late lines keep their order, also against later ones that are not late", async () => {
  const { logs, sink } = sinkWith({ fault: "late-lines", ms: 3_600_000, skip: 1, count: 1 });
  await sink.createStream(group, stream);
  await sink.append(group, stream, line("one"));
  await sink.append(group, stream, line("two"));
  await sink.append(group, stream, line("three"));
  expect(told(logs)).toEqual(["one"]);
  await sink.flush();
  expect(told(logs)).toEqual(["one", "two", "three"]);
});

test("a late stream comes with all that was written to it, a lost one never", async () => {
  const late = sinkWith({ fault: "late-stream", ms: 3_600_000 });
  const lost = sinkWith({ fault: "lost-stream" });
  for (const { sink } of [late, lost]) {
    await sink.createStream(group, stream);
    await sink.append(group, stream, line("one"));
  }
  expect(told(late.logs)).toBeUndefined();
  await late.sink.flush();
  await lost.sink.flush();
  expect(told(late.logs)).toEqual(["one"]);
  expect(told(lost.logs)).toBeUndefined();
});
