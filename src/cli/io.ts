/** Where output goes. The only writer to the terminal in this program. */
export interface Io {
  /** Data and stage lines: standard output. */
  out(line: string): void;
  /** Talk: standard error. */
  err(line: string): void;
  /** A sentence of warning, on standard error. */
  warn(message: string): void;
  /** What is to be printed last of all, however the program ends; undefined takes it back. */
  lastWords(lines: readonly string[] | undefined): void;
  readonly outIsTerminal: boolean;
  readonly inIsTerminal: boolean;
}

/** The streams of a process, or of a test. */
export interface Streams {
  readonly stdin: { readonly isTTY?: boolean | undefined };
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
  readonly stderr: { write(text: string): unknown };
}

/** An Io whose owner says when the end has come. */
export interface OwnedIo extends Io {
  /** Prints the last words, if there are any. */
  finish(): void;
}

export function createIo({ stdin, stdout, stderr }: Streams): OwnedIo {
  let last: readonly string[] = [];
  const out = (line: string) => void stdout.write(`${line}\n`);
  const err = (line: string) => void stderr.write(`${line}\n`);
  return {
    out,
    err,
    warn: (message) => err(`Warning: ${message}`),
    lastWords: (lines) => {
      last = lines ?? [];
    },
    finish: () => {
      for (const line of last) out(line);
      last = [];
    },
    outIsTerminal: stdout.isTTY === true,
    inIsTerminal: stdin.isTTY === true,
  };
}
