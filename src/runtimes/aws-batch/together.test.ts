import { expect, test } from "vitest";
import { together } from "./together.ts";

const { signal } = new AbortController();

/** Goes on until it is stopped, and then ends what it was at. */
function stoppable(ended: string[], name: string) {
  return (until: AbortSignal) =>
    new Promise<string>((_, reject) => {
      until.addEventListener("abort", () => {
        setImmediate(() => {
          ended.push(name);
          reject(until.reason);
        });
      });
    });
}

test("gives all results, in their order", async () => {
  const results = await together(
    signal,
    async () => "one",
    async () => 2,
  );
  expect(results).toEqual(["one", 2]);
});

test("a failure stops the others, and is thrown when they have ended", async () => {
  const ended: string[] = [];
  const failing = async () => {
    throw new Error("no room");
  };
  const doing = together(signal, stoppable(ended, "one"), failing, stoppable(ended, "two"));
  await expect(doing).rejects.toThrow("no room");
  expect(ended).toEqual(["one", "two"]);
});

test("the signal stops all, with its reason", async () => {
  const ended: string[] = [];
  const stop = new AbortController();
  const doing = together(stop.signal, stoppable(ended, "one"), stoppable(ended, "two"));
  stop.abort(new Error("stopped"));
  await expect(doing).rejects.toThrow("stopped");
  expect(ended).toEqual(["one", "two"]);
});
