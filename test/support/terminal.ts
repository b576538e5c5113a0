import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { program } from "./run-tool.ts";

const driver = fileURLToPath(new URL("terminal.py", import.meta.url));

export interface TerminalOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Wide enough that nothing is wrapped, unless said otherwise. */
  readonly columns?: number;
  /** Whether standard input is the terminal, too. */
  readonly stdin?: "terminal" | "nothing";
}

export interface TerminalResult {
  /** 128 and the signal's number after a signal. */
  readonly exitStatus: number;
  /** All that was written, control characters included. */
  readonly raw: string;
  /** What a terminal would have shown, without empty lines. */
  readonly lines: readonly string[];
  /** Whether the terminal's settings (`stty -g`) were the same before and after. */
  readonly settingsKept: boolean;
}

/** The built program in a terminal of its own, with a shell's job control around it. */
export interface InTerminal {
  /** Resolves as soon as what was written matches, the part before the last match left out; fails where the program ends first. */
  seen(pattern: RegExp): Promise<void>;
  /** Resolves when the program has been suspended. */
  suspended(): Promise<void>;
  /** As `fg`. */
  resume(): void;
  type(text: string): void;
  /** Sends the program a signal. Linux only. */
  kill(signal: NodeJS.Signals): void;
  resize(columns: number): void;
  /** Closes the terminal's window. */
  hangUp(): void;
  readonly ended: Promise<TerminalResult>;
}

type Told = {
  readonly out?: string;
  readonly stopped?: true;
  readonly exit?: number;
  readonly settingsKept?: boolean;
};

export function startInTerminal(args: readonly string[], options: TerminalOptions): InTerminal {
  const { env, cwd, columns = 500, stdin = "terminal" } = options;
  const child = spawn("python3", [driver, String(columns), stdin, process.execPath, program, ...args], {
    cwd,
    env: { TERM: "xterm-256color", ...env } as NodeJS.ProcessEnv,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let raw = "";
  let from = 0;
  let stops = 0;
  let last: Told = {};
  const watchers = new Set<() => void>();
  createInterface(child.stdout).on("line", (line) => {
    const told = JSON.parse(line) as Told;
    raw += told.out ?? "";
    if (told.stopped) stops += 1;
    if (told.exit !== undefined) last = told;
    for (const watcher of watchers) watcher();
  });
  const ended = new Promise<TerminalResult>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () =>
      resolve({
        exitStatus: last.exit ?? -1,
        raw,
        // Only where it is asked for: questions are drawn with more than lines.
        get lines() {
          return shownLines(raw);
        },
        settingsKept: last.settingsKept === true,
      }),
    );
  });
  const until = (what: string, happened: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!happened()) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
      ended.then(() => reject(new Error(`ended before ${what}:\n${raw}`)), reject);
    });
  const tell = (message: object) => void child.stdin.write(`${JSON.stringify(message)}\n`);
  child.stdin.on("error", () => {});
  return {
    seen: (pattern) =>
      until(`${pattern} was seen`, () => {
        const found = pattern.exec(raw.slice(from));
        if (found) from += found.index + found[0].length;
        return found !== null;
      }),
    suspended: () => {
      const before = stops;
      return until("it was suspended", () => stops > before);
    },
    resume: () => tell({ resume: true }),
    type: (text) => tell({ type: text }),
    kill: (signal) => process.kill(onlyChildOf(onlyChildOf(child.pid ?? 0)), signal),
    resize: (width) => tell({ resize: width }),
    hangUp: () => tell({ hangUp: true }),
    ended,
  };
}

/** The driver has one, the leader of the terminal's session, and that one has one, the program. */
function onlyChildOf(pid: number): number {
  const [only, ...others] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .map(Number);
  if (!only || others.length > 0) throw new Error(`process ${pid} has not one child`);
  return only;
}

/** As a terminal shows it that knows CR, newline, EL and ED. Fails at anything else but colours. */
function shownLines(raw: string): string[] {
  const lines: string[] = [];
  let line: string[] = [];
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it reads what was written to a terminal
  for (const [token] of raw.matchAll(/\x1b\[[0-9;]*m|\x1b\[[KJ]|\x1b.{0,9}|\r|\n|[^\x1b\r\n]+/g)) {
    if (token === "\r") column = 0;
    else if (token === "\n") {
      lines.push(line.join(""));
      line = [];
    } else if (/\[[KJ]$/.test(token) && token.length === 3) line.length = column;
    else if (/^.\[[0-9;]*m$/.test(token)) continue;
    else if (token.startsWith("\x1b"))
      throw new Error(`unexpected control sequence ${JSON.stringify(token)}`);
    else {
      const characters = [...token];
      line.splice(column, characters.length, ...characters);
      column += characters.length;
    }
  }
  lines.push(line.join(""));
  return lines.filter((text) => text !== "");
}
