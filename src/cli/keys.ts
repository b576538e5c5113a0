/** A key: a character, or one that has none. */
export type Key =
  | ("up" | "down" | "page-up" | "page-down" | "home" | "end" | "enter" | "escape")
  /** Control-C, Control-Z and Control-\, which send no signals while keys are read. */
  | ("interrupt" | "suspend" | "quit")
  | { readonly character: string };

/** The part of a terminal's input that keys need. */
export interface KeySource {
  setRawMode(on: boolean): unknown;
  on(name: "data" | "error", listener: (data: Buffer) => void): unknown;
  off(name: "data" | "error", listener: (data: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** Reads keys until it is disposed, which puts the terminal's settings back. */
export interface KeyReader extends Disposable {
  /** Leaves the terminal to somebody else until it is disposed. */
  away(): Disposable;
}

/** Of xterm and those like it, in both of their modes (ECMA-48; "XTerm Control Sequences"). */
const SEQUENCES: Readonly<Record<string, Key>> = {
  A: "up",
  B: "down",
  H: "home",
  F: "end",
  "1~": "home",
  "4~": "end",
  "5~": "page-up",
  "6~": "page-down",
};
const CONTROLS: Readonly<Record<string, Key>> = {
  "\x03": "interrupt",
  "\x1a": "suspend",
  "\x1c": "quit",
  "\r": "enter",
  "\n": "enter",
  "\x1b": "escape",
};

/** The keys in what a terminal sent at once. Those that are not known are left out. */
export function parseKeys(text: string): Key[] {
  const keys: Key[] = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it reads what a terminal sends
  for (const [token, sequence] of text.matchAll(/\x1b[[O]([0-9;]*[@-~])|[\s\S]/gu)) {
    const key = sequence === undefined ? (CONTROLS[token] ?? printable(token)) : SEQUENCES[sequence];
    if (key !== undefined) keys.push(key);
  }
  return keys;
}

function printable(character: string): Key | undefined {
  return /\p{Control}/u.test(character) ? undefined : { character };
}

/** Takes a terminal's keys as they are pressed, without showing them. */
export function readKeys(source: KeySource, listener: (key: Key) => void): KeyReader {
  let absences = 0;
  let isOver = false;
  const hear = (data: Buffer) => {
    for (const key of parseKeys(data.toString("utf8"))) if (!isOver && absences === 0) listener(key);
  };
  const begin = () => {
    source.setRawMode(true);
    source.on("data", hear);
    source.resume();
  };
  const end = () => {
    source.off("data", hear);
    source.pause();
    source.setRawMode(false);
  };
  // Of a terminal that is gone, a signal tells.
  source.on("error", () => {});
  begin();
  return {
    away() {
      absences += 1;
      if (absences === 1 && !isOver) end();
      return {
        [Symbol.dispose]() {
          absences -= 1;
          if (absences === 0 && !isOver) begin();
        },
      };
    },
    [Symbol.dispose]() {
      if (!isOver && absences === 0) end();
      isOver = true;
    },
  };
}
