import type { Context } from "../../cli/context.ts";
import { CancelledError, type UserError } from "../../errors.ts";
import type { Command } from "./command.ts";
import { runInForeground } from "./foreground.ts";

/**
 * Runs a program that does part of a work, with its own progress shown. Throws CancelledError where a signal ended
 * it, and the given error where it failed otherwise.
 */
export async function mustSucceed(
  context: Context,
  command: Command,
  failure: () => UserError,
): Promise<void> {
  const status = await runInForeground(context, command);
  context.signal.throwIfAborted();
  if (status === 0) return;
  if ([129, 130, 143].includes(status)) throw new CancelledError("Cancelled.", status);
  throw failure();
}
