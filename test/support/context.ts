import { EventEmitter } from "node:events";
import type { Context } from "../../src/cli/context.ts";
import { createIo } from "../../src/cli/io.ts";
import { createSignals, type SignalName } from "../../src/cli/signals.ts";

/** A context whose output is kept, whose clock stands still, and whose signals come from the test. */
export interface TestContext extends Context {
  readonly output: { readonly out: string[]; readonly err: string[] };
  send(signal: SignalName): void;
  /** Moves the clock, in milliseconds. */
  advance(time: number): void;
}

export function testContext(
  options: { env?: Context["env"]; home?: string; inIsTerminal?: boolean; signal?: AbortSignal } = {},
): TestContext {
  const output = { out: [] as string[], err: [] as string[] };
  const lines = (kept: string[]) => ({
    write: (text: string) => kept.push(...text.replace(/\n$/, "").split("\n")),
  });
  const source = new EventEmitter();
  let now = Date.UTC(2026, 0, 15, 12);
  return {
    env: options.env ?? {},
    cwd: "/",
    home: options.home ?? "/nonexistent",
    io: createIo({
      stdin: { isTTY: options.inIsTerminal },
      stdout: lines(output.out),
      stderr: lines(output.err),
    }),
    signals: createSignals(source),
    now: () => now,
    signal: options.signal ?? new AbortController().signal,
    output,
    send: (signal) => void source.emit(signal),
    advance: (time) => {
      now += time;
    },
  };
}
