import { join } from "node:path";
import type { FinalizeHandler, FinalizeHandlerArguments } from "@smithy/types";
import type { Context } from "../cli/context.ts";
import { UserError } from "../errors.ts";
import { wasRefused } from "./errors.ts";
import { ensureLocalAws, type LocalAws } from "./local-aws.ts";

/** One that dies more often than that has something the matter with it. */
const MOST_REVIVALS = 3;

/**
 * Middleware, to be put behind the SDK's retries: where nobody listens any more, has the server started again. The request itself is
 * left to the SDK, which repeats it.
 */
export function reviveWhereRefused(revive: () => Promise<void>) {
  return <Input extends object, Output extends object>(next: FinalizeHandler<Input, Output>) =>
    async (request: FinalizeHandlerArguments<Input>) => {
      try {
        return await next(request);
      } catch (error) {
        if (wasRefused(error)) await revive();
        throw error;
      }
    };
}

/**
 * Starts a local AWS again where it has died, and says so, since its jobs died with it; several requests at once are one. Does nothing
 * where it runs. What is made throws UserError where it can't be started, or dies again and again.
 *
 * @param context of its home
 */
export function createReviver(
  context: Context,
  { pid, executor, stateDirectory }: Pick<LocalAws, "pid" | "executor" | "stateDirectory">,
): () => Promise<void> {
  let last = pid;
  let revivals = 0;
  let reviving: Promise<void> | undefined;

  async function revive(): Promise<void> {
    const local = await ensureLocalAws(context, { executor });
    if (local.pid === last) return;
    revivals += 1;
    if (revivals > MOST_REVIVALS) {
      throw new UserError(`Local AWS has died ${revivals} times during this command.`, {
        hint: `${join(stateDirectory, "daemon.log")} may say why.`,
      });
    }
    context.io.warn(
      `Local AWS (process ${last}) has ended, and has been started again. Jobs that it ran have ended with it.`,
    );
    last = local.pid;
  }

  return () => {
    reviving ??= revive().finally(() => {
      reviving = undefined;
    });
    return reviving;
  };
}
