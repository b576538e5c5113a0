import type {
  DeserializeHandler,
  DeserializeHandlerArguments,
  InitializeHandler,
  InitializeHandlerArguments,
} from "@smithy/types";
import type { BuildClients } from "./build-clients.ts";
import { renewWhereRefused } from "./renewal.ts";
import { reviveWhereRefused } from "./revival.ts";
import { giveUpOnSilence } from "./silence.ts";

/** How far the servers' clock is ahead of ours. */
interface ServerClock {
  /** Milliseconds, by the last answer's `Date`; undefined before the first. */
  readonly offset: () => number | undefined;
}

export interface MiddlewareOptions {
  /** Milliseconds without a byte moving after which the clients break one try off. */
  readonly silentTry: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Starts the server again where nobody listens any more. */
  readonly revive: (() => Promise<void>) | undefined;
}

/** Teaches the clients what the SDK leaves out: renewed credentials, servers that fall silent, the servers' clock. */
export function addMiddleware(
  { s3, batch, batchOnce, logs }: BuildClients,
  { silentTry, now, revive }: MiddlewareOptions,
): ServerClock {
  const renewal = { step: "initialize", name: "renewWhereRefused" } as const;
  s3.middlewareStack.add(renewWhereRefused(s3.config.credentials), renewal);
  batch.middlewareStack.add(renewWhereRefused(batch.config.credentials), renewal);
  batchOnce.middlewareStack.add(renewWhereRefused(batchOnce.config.credentials), renewal);
  logs.middlewareStack.add(renewWhereRefused(logs.config.credentials), renewal);

  // The SDK mends a clock that is wrong by the first refusal, and that client never sends anything again.
  const byBatchsClock =
    <Input extends object, Output extends object>(next: InitializeHandler<Input, Output>) =>
    (request: InitializeHandlerArguments<Input>) => {
      batchOnce.config.systemClockOffset = batch.config.systemClockOffset;
      return next(request);
    };
  batchOnce.middlewareStack.add(byBatchsClock, { step: "initialize", name: "byBatchsClock" });

  // Two tries, hardly less: milliseconds are counted by two clocks.
  const silence = giveUpOnSilence({ attempt: silentTry, limit: 2 * silentTry - 5_000, now });
  const afterRetries = { step: "finalizeRequest", priority: "low", name: "giveUpOnSilence" } as const;
  s3.middlewareStack.add(silence, afterRetries);
  batch.middlewareStack.add(silence, afterRetries);
  logs.middlewareStack.add(silence, afterRetries);

  if (revive) {
    const revival = reviveWhereRefused(revive);
    const beforeSilence = { step: "finalizeRequest", priority: "low", name: "reviveWhereRefused" } as const;
    s3.middlewareStack.add(revival, beforeSilence);
    batch.middlewareStack.add(revival, beforeSilence);
    batchOnce.middlewareStack.add(revival, beforeSilence);
    logs.middlewareStack.add(revival, beforeSilence);
  }

  let offset: number | undefined;
  const noteDate =
    <Input extends object, Output extends object>(next: DeserializeHandler<Input, Output>) =>
    async (request: DeserializeHandlerArguments<Input>) => {
      const result = await next(request);
      const { headers } = result.response as { headers?: Record<string, string> };
      const server = Date.parse(headers?.date ?? "");
      if (!Number.isNaN(server)) offset = server - now();
      return result;
    };
  s3.middlewareStack.add(noteDate, { step: "deserialize", name: "noteDate" });
  batch.middlewareStack.add(noteDate, { step: "deserialize", name: "noteDate" });
  return { offset: () => offset };
}
