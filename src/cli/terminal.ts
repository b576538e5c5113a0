import { closeSync } from "node:fs";
import { open } from "node:fs/promises";
import { isatty } from "node:tty";

/**
 * To be called last of all. Node puts a terminal's settings back when it exits, and aborts where that fails: where the terminal
 * is gone (a closed window), it must not try. `before` are the descriptors that were terminals when the program began.
 */
export function letGoOfLostTerminals(before: readonly number[]): void {
  for (const descriptor of before) if (!isatty(descriptor)) closeSync(descriptor);
}

/** Which of standard input, output and error are terminals. */
export function standardTerminals(): readonly number[] {
  return [0, 1, 2].filter((descriptor) => isatty(descriptor));
}

/** Whether this process has a terminal that controls it, be its streams redirected or not. */
export async function hasTerminal(): Promise<boolean> {
  try {
    await (await open("/dev/tty", "r")).close();
    return true;
  } catch {
    return false;
  }
}
