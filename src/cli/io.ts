import type { Readable, Writable } from "node:stream";
import { withControlsShown } from "./control-characters.ts";
import { type Key, type KeyReader, type KeySource, readKeys } from "./keys.ts";
import { createLiveLine, type Screen } from "./terminal-line.ts";

/**
 * Where output goes. The only writer to the terminal in this program: whatever names, settings and answers a line is made of,
 * control characters in it are shown, never obeyed.
 */
export interface Io {
  /** Data and stage lines: standard output. Colours (ESC [ … m) are only for lines that are said to have them. */
  out(line: string, options?: { readonly hasColours: boolean }): void;
  /**
   * Resolves once standard output has taken most of what it was given: Node keeps all that a pipe's reader is too slow for.
   * Throws the signal's reason where it is aborted.
   */
  drained(signal: AbortSignal): Promise<void>;
  /** Talk: standard error. */
  err(line: string): void;
  /** A sentence of warning, on standard error. */
  warn(message: string): void;
  /**
   * The live line: how things stand, below all other lines, asked for again several times a second. Text without
   * control characters, of any length. Undefined takes it away. Nothing at all where standard output is no terminal.
   */
  live(render: (() => string) | undefined): void;
  /**
   * Hands over each key that is pressed, until it is disposed: no signal comes of Control-C then. Undefined where there is no terminal to
   * press them on, or no live line that could show what they do. Only for a program in the terminal's foreground.
   */
  keys(listener: (key: Key) => void): Disposable | undefined;
  /** Keeps the live line, and the reading of keys, away until it is disposed, while another program, or a question, has the terminal. */
  lendTerminal(): Disposable;
  /** Rings the terminal's bell, where there is a terminal. */
  bell(): void;
  /** What is to be printed last of all, however the program ends; undefined takes it back. */
  lastWords(lines: readonly string[] | undefined): void;
  /** Where a question can be asked that is no stage of the work; undefined where nobody would see it, or could answer. */
  readonly question: QuestionStreams | undefined;
  readonly outIsTerminal: boolean;
  /** How wide a line of standard output may be; undefined where it is no terminal. */
  columns(): number | undefined;
  /** Lines that the live line may have; undefined where standard output is no terminal. */
  rows(): number | undefined;
  readonly errIsTerminal: boolean;
  readonly inIsTerminal: boolean;
  /** Whether colours are wanted on standard output: a terminal, and no `NO_COLOR` (no-color.org). */
  readonly colours: boolean;
}

/** Standard input and standard error: standard output is for data. */
export interface QuestionStreams {
  readonly input: Readable;
  readonly output: Writable;
}

/** What a stream that may be slow says of itself; one that says nothing takes all at once. */
interface Drainable {
  readonly writableNeedDrain?: boolean;
  once?(name: "drain", listener: () => void): unknown;
}

/** The streams of a process, or of a test. */
export interface Streams {
  readonly stdin: { readonly isTTY?: boolean | undefined } & Partial<KeySource>;
  readonly stdout: Screen & { readonly isTTY?: boolean | undefined } & Drainable;
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
  /** The same, as questions need them. */
  readonly question?: QuestionStreams;
}

/** An Io whose owner says when the end has come. */
export interface OwnedIo extends Io {
  /** Nobody reads standard output any more: the last words are for standard error. */
  outIsLost(): void;
  /** Takes the live line away, and prints the last words, if there are any. */
  finish(): void;
}

export function createIo(
  { stdin, stdout, stderr, question }: Streams,
  env: Readonly<Record<string, string | undefined>> = {},
): OwnedIo {
  let last: readonly string[] = [];
  let said: readonly string[] = [];
  let isLost = false;
  let reader: KeyReader | undefined;
  const outIsTerminal = stdout.isTTY === true;
  const capable = outIsTerminal && env.TERM !== "dumb";
  const line = capable ? createLiveLine(stdout) : undefined;
  const apart = (write: () => void) => (line ? line.around(write) : write());

  const out: Io["out"] = (text, { hasColours } = { hasColours: false }) => {
    if (isLost) return;
    const shown = withControlsShown(text, { keepColours: hasColours });
    apart(() => void stdout.write(`${shown}\n`));
  };
  const toErr = (text: string) => void stderr.write(`${withControlsShown(text, { keepColours: false })}\n`);
  const err = (text: string) => (stderr.isTTY === true ? apart(() => toErr(text)) : toErr(text));
  return {
    out,
    drained: (signal) => drained(stdout, signal),
    err,
    warn: (message) => err(`Warning: ${message}`),
    live: (render) => line?.show(render && (() => withControlsShown(render(), { keepColours: false }))),
    keys: (listener) => {
      if (line === undefined || stdin.isTTY !== true || !isKeySource(stdin)) return undefined;
      const own = readKeys(stdin, listener);
      reader = own;
      return own;
    },
    lendTerminal: () => {
      const absences = [reader?.away(), line?.away()];
      return { [Symbol.dispose]: () => absences.forEach((absence) => void absence?.[Symbol.dispose]()) };
    },
    bell: () => {
      const terminal = [stdout, stderr].find(({ isTTY }) => isTTY === true);
      terminal?.write("\x07");
    },
    lastWords: (lines) => {
      last = lines ?? [];
    },
    outIsLost: () => {
      isLost = true;
      for (const text of said) err(text);
      said = [];
    },
    finish: () => {
      reader?.[Symbol.dispose]();
      line?.show(undefined);
      for (const text of last) (isLost ? err : out)(text);
      // What is written to a pipe is known to be lost only later.
      if (!isLost) said = last;
      last = [];
    },
    question: stdin.isTTY === true && stderr.isTTY === true ? question : undefined,
    outIsTerminal,
    columns: () => (outIsTerminal ? stdout.columns || 80 : undefined),
    rows: () => (outIsTerminal ? Math.max(1, (stdout.rows || 24) - 1) : undefined),
    errIsTerminal: stderr.isTTY === true,
    inIsTerminal: stdin.isTTY === true,
    colours: capable && !env.NO_COLOR,
  };
}

function isKeySource(stdin: Partial<KeySource>): stdin is KeySource {
  return stdin.setRawMode !== undefined;
}

async function drained(stream: Drainable, signal: AbortSignal): Promise<void> {
  if (stream.writableNeedDrain !== true) return;
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = () => reject(signal.reason);
    const go = () => {
      signal.removeEventListener("abort", stop);
      resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
    // Of a reader that is gone, the stream's error tells: main.ts aborts the signal then.
    stream.once?.("drain", go);
  });
}
