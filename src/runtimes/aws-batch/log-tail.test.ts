import { expect, test } from "vitest";
import type { LogPage, LogPosition } from "../../aws/logs.ts";
import { tailLog } from "./log-tail.ts";

/** Answers in order, and the positions that were asked for. */
function scripted(answers: readonly (LogPage | Error | undefined)[]) {
  const positions: LogPosition[] = [];
  const tail = tailLog(async (_, position) => {
    const answer = answers[positions.push(position) - 1];
    if (answer instanceof Error) throw answer;
    return answer;
  }, "stream");
  const { signal } = new AbortController();
  const next = async () => (await tail.next(signal)).map(({ message }) => message);
  return { tail, positions, next };
}

const page = (nextToken: string, ...lines: [timestamp: number, message: string][]): LogPage => ({
  nextToken,
  lines: lines.map(([timestamp, message]) => ({ timestamp, message })),
});
const refused = Object.assign(new Error("expired"), { name: "InvalidParameterException" });

test("begins at the head and follows the tokens", async () => {
  const { next, positions } = scripted([page("t1", [1, "a"]), page("t2", [2, "b"])]);
  expect([await next(), await next()]).toEqual([["a"], ["b"]]);
  expect(positions).toEqual([{ since: undefined }, { token: "t1" }]);
});

test("an empty page is not the end; the same token twice is", async () => {
  const { next, tail } = scripted([page("t1"), page("t2"), page("t2"), page("t3", [1, "a"])]);
  const dry: boolean[] = [];
  for (let index = 0; index < 4; index += 1) {
    await next();
    dry.push(tail.isDry());
  }
  expect(dry).toEqual([false, false, true, false]);
});

test("a stream that is not there yet is dry, and begins when it comes", async () => {
  const { next, tail, positions } = scripted([undefined, page("t1", [1, "a"])]);
  expect(await next()).toEqual([]);
  expect(tail.isDry()).toBe(true);
  expect(await next()).toEqual(["a"]);
  expect(positions).toEqual([{ since: undefined }, { since: undefined }]);
});

test("without its token it goes on from the latest line, leaving out what was there of that time", async () => {
  const { next, positions } = scripted([
    page("t1", [1, "a"], [5, "b"], [5, "b"]),
    refused,
    page("t2", [5, "b"], [5, "b"], [5, "b"], [6, "c"]),
    page("t3", [6, "d"]),
  ]);
  expect([await next(), await next(), await next()]).toEqual([["a", "b", "b"], ["b", "c"], ["d"]]);
  expect(positions).toEqual([{ since: undefined }, { token: "t1" }, { since: 5 }, { token: "t2" }]);
});

test("a server that gives no tokens is read by time: no line twice, and an end", async () => {
  const all = { lines: page("", [1, "a"], [5, "b"], [5, "c"]).lines, nextToken: undefined };
  const rest = { lines: page("", [5, "b"], [5, "c"]).lines, nextToken: undefined };
  const { next, tail } = scripted([all, rest, rest]);
  expect([await next(), await next()]).toEqual([["a", "b", "c"], []]);
  expect(tail.isDry()).toBe(true);
});

test("more lines of one time than a page holds are left out over several pages", async () => {
  const { next } = scripted([
    page("t1", [5, "a"], [5, "b"]),
    page("t2", [5, "c"]),
    refused,
    page("t3", [5, "a"], [5, "b"]),
    page("t4", [5, "c"], [5, "d"]),
  ]);
  expect([await next(), await next(), await next(), await next()]).toEqual([["a", "b"], ["c"], [], ["d"]]);
});

test("a refusal without a token is an error, and so is any other", async () => {
  await expect(scripted([refused]).next()).rejects.toBe(refused);
  const other = new Error("other");
  const { next } = scripted([page("t1"), other]);
  await next();
  await expect(next()).rejects.toBe(other);
});

test.each([
  ["+ exit 0", 0],
  ["+ exit 137\r", 137],
  ["++ exit 0", undefined],
  ["+ exit", undefined],
  ["done: + exit 0", undefined],
])("%j as the last line", async (message, status) => {
  const { next, tail } = scripted([page("t1", [1, "a"], [2, message])]);
  await next();
  expect(tail.exitShown()).toBe(status);
});
