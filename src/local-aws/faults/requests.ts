import { setTimeout as sleep } from "node:timers/promises";
import { operationName } from "../operation-name.ts";
import type { RequestHook } from "../server.ts";
import { faultError } from "./errors.ts";
import type { Faults } from "./faults.ts";

/** Of a request's body, what is taken in before a connection is cut in the middle of it. */
const takenBytes = 1;

/** The hook that has requests fail as the plan says. */
export function requestFaults(faults: Pick<Faults, "ofRequest">): RequestHook {
  return async ({ service, request, cut, cutAnswer }) => {
    const { delayMs, failure } = faults.ofRequest({
      service,
      operation: operationName(service, request),
      path: request.path,
      from: ["job", "role"].includes(request.principal.kind) ? "job" : "user",
      accessKeyId: request.principal.accessKeyId,
    });
    if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
    if (failure === undefined) return undefined;
    if (failure.kind !== "cut") throw faultError(service, failure.kind);
    switch (failure.at) {
      case "before":
        cut();
        return undefined;
      case "request":
        await takeSome(request.body);
        cut();
        return undefined;
      case "body":
      case "after":
        cutAnswer(failure.at === "body" ? "within" : "before");
        return undefined;
    }
  };
}

async function takeSome(body: AsyncIterable<Uint8Array>): Promise<void> {
  let taken = 0;
  for await (const chunk of body) {
    taken += chunk.length;
    if (taken >= takenBytes) return;
  }
}
