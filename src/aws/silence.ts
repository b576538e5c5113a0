import type { FinalizeHandler, FinalizeHandlerArguments } from "@smithy/types";

/** A server that takes connections and answers none of the requests on them. */
class SilenceError extends Error {
  override readonly name = "SilenceError";
}

export interface SilenceLimits {
  /** Milliseconds without a byte moving after which the client breaks one try off, with a TimeoutError. */
  readonly attempt: number;
  /** Milliseconds of such tries of one request after which it is given up, unless another one was answered meanwhile. */
  readonly limit: number;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * Middleware, to be put behind the SDK's retries: of itself the SDK repeats a request that nobody answers as often as
 * one that is refused, which takes minutes each time. What fails otherwise is left to it. Only time that was
 * waited counts: a computer that slept through it begins anew. Throws {@link SilenceError}.
 *
 * What was silent once is tried again one request at a time: behind a proxy that swallows whole parts at once a slow link
 * looks silent while it carries several, and hardly ever while it carries one.
 */
export function giveUpOnSilence({ attempt, limit, now }: SilenceLimits) {
  // Of all requests of the client.
  let ends = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(act: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(act);
    turn = result.catch(() => {});
    return result;
  };
  return <Input extends object, Output extends object>(next: FinalizeHandler<Input, Output>) => {
    let silentFor = 0;
    let endsBefore = ends;
    return async (request: FinalizeHandlerArguments<Input>) => {
      let began = now();
      const send = () => {
        began = now();
        return next(request);
      };
      try {
        const result = await (silentFor > 0 ? inTurn(send) : send());
        ends += 1;
        return result;
      } catch (error) {
        if (!(error instanceof Error && error.name === "TimeoutError")) {
          ends += 1;
          throw error;
        }
        if (ends !== endsBefore) silentFor = 0;
        endsBefore = ends;
        silentFor += Math.min(Math.max(now() - began, 0), attempt);
        if (silentFor < limit) throw error;
        const seconds = Math.round(silentFor / 1000);
        // Without the cause: the SDK would repeat the request for its sake.
        throw new SilenceError(`no answer for ${seconds} seconds`);
      }
    };
  };
}
