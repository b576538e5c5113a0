import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { createSignals } from "./signals.ts";

test("the latest handler gets the signal, and the one before it afterwards", () => {
  const source = new EventEmitter();
  const signals = createSignals(source);
  const calls: string[] = [];
  signals.handle({ SIGINT: () => calls.push("first") });
  const second = signals.handle({ SIGINT: () => calls.push("second") });
  source.emit("SIGINT");
  second[Symbol.dispose]();
  source.emit("SIGINT");
  expect(calls).toEqual(["second", "first"]);
});

test("a signal is listened to only while somebody handles it, so that it keeps its default action", () => {
  const source = new EventEmitter();
  const signals = createSignals(source);
  signals.handle({ SIGINT: () => {} });
  expect(source.listenerCount("SIGTSTP")).toBe(0);
  const suspend = signals.handle({ SIGTSTP: () => {} });
  expect(source.listenerCount("SIGTSTP")).toBe(1);
  suspend[Symbol.dispose]();
  expect(source.listenerCount("SIGTSTP")).toBe(0);
  expect(source.listenerCount("SIGINT")).toBe(1);
});

test("a handler that doesn't know a signal leaves it to the one below", () => {
  const source = new EventEmitter();
  const signals = createSignals(source);
  const calls: string[] = [];
  signals.handle({ SIGHUP: () => calls.push("below") });
  signals.handle({ SIGINT: () => calls.push("above") });
  source.emit("SIGHUP");
  expect(calls).toEqual(["below"]);
});

test("an observer hears of a signal after its handler, and makes nobody listen", () => {
  const source = new EventEmitter();
  const signals = createSignals(source);
  const calls: string[] = [];
  const observing = signals.observe((name) => calls.push(name));
  expect(source.eventNames()).toEqual([]);
  signals.handle({ SIGTERM: () => calls.push("handler") });
  source.emit("SIGTERM");
  observing[Symbol.dispose]();
  source.emit("SIGTERM");
  expect(calls).toEqual(["handler", "SIGTERM", "handler"]);
});
