import { CancelledError } from "../errors.ts";
import type { Context } from "./context.ts";

/**
 * Asks on the terminal for something that nobody else is to read. `problem` says what is wrong with an answer. Throws
 * CancelledError after Control-C, or the signal's reason.
 */
export async function askSecretly(
  { io, signal }: Context,
  message: string,
  problem: (answer: string) => string | undefined,
): Promise<string> {
  if (io.question === undefined) throw new Error("there is no terminal to ask on");
  const { password } = await import("@clack/prompts");
  using _ = io.lendTerminal();
  const validate = (value: string | undefined) => problem(value ?? "");
  const answer = await password({ message, validate, ...io.question, signal });
  signal.throwIfAborted();
  if (typeof answer !== "string") throw new CancelledError();
  return answer;
}
