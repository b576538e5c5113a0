import { KIND_WIDTH, kindOf } from "./kinds.ts";
import type { Site } from "./site.ts";
import type { StackEvent } from "./stacks.ts";

/** How an operation on a stack ended. */
export interface Ended {
  /** Of the stack: `CREATE_COMPLETE`, `ROLLBACK_COMPLETE`, …; "GONE" where it is deleted. */
  readonly status: string;
  /** What failed by itself, not for another's failure, in the order it did. */
  readonly failures: readonly StackEvent[];
}

/** How often AWS is asked for a sign of an operation that it was told to begin. */
const PATIENCE = 30;

/**
 * Follows what CloudFormation does to a stack to its end: a line for each resource that is done or has failed, and on a
 * terminal what is being worked on. Throws the signal's reason where the user leaves.
 *
 * @param since the last event that was before
 * @param isUnderWay whether the operation has begun; else its first event is waited for
 */
export async function followStack(
  site: Site,
  stackId: string,
  since: string | undefined,
  isUnderWay = false,
): Promise<Ended> {
  const { io } = site.context;
  const { stacks } = site.services;
  const working = new Map<string, StackEvent>();
  const failures: StackEvent[] = [];
  let last = since;
  let begun = isUnderWay;
  let ownStatus: string | undefined;
  let isRollback = false;
  io.live(() => liveText([...working.values()], site.context.now()));
  try {
    for (let looks = 1; ; looks += 1) {
      // First the state, then the events: so none is missed that came before the end. Where the operation begins between the
      // two, the state is still that from before it, and not its end.
      const hasBegun = begun;
      const status = (await stacks.find(stackId))?.status ?? "GONE";
      for (const event of await stacks.events(stackId, last)) {
        last = event.id;
        begun = true;
        // The stack's own events end nothing: what was to be cleaned up after them follows.
        if (event.physicalId === stackId) {
          ownStatus = event.status;
          isRollback ||= event.status.includes("ROLLBACK");
          continue;
        }
        // What becomes of the bucket after its stack, the removal says itself.
        if (event.status === "DELETE_SKIPPED" && (status === "GONE" || status.startsWith("DELETE_")))
          continue;
        note(event);
      }
      const isOver = status === "GONE" || !status.endsWith("_IN_PROGRESS");
      const isOfNow = hasBegun || status === "GONE" || status === ownStatus;
      if (isOver && (isOfNow || looks >= PATIENCE)) return { status, failures };
      await site.pause();
    }
  } finally {
    io.live(undefined);
  }

  function note(event: StackEvent): void {
    if (event.status.endsWith("_IN_PROGRESS")) {
      // Each is begun twice: when it is asked for, and when AWS has it.
      if (!working.has(event.resource)) working.set(event.resource, event);
      return;
    }
    const begunAt = working.get(event.resource)?.at ?? event.at;
    working.delete(event.resource);
    if (event.status.endsWith("_FAILED") && !isConsequence(event)) failures.push(event);
    io.out(doneLine(event, { took: event.at - begunAt, isRollback }));
  }
}

/** As {@link followStack}; where that ends early, for whatever reason, the program's last words are these: AWS goes on. */
export async function followToTheEnd(
  site: Site,
  stackId: string,
  since: string | undefined,
  lastWords: readonly string[],
): Promise<Ended> {
  site.context.io.lastWords(lastWords);
  const ended = await followStack(site, stackId, since);
  site.context.io.lastWords(undefined);
  return ended;
}

/** Id of the last event of a stack so far. */
export async function lastEvent({ services }: Site, stackId: string): Promise<string | undefined> {
  return (await services.stacks.events(stackId, undefined)).at(-1)?.id;
}

/** Whether it failed only because something else had: CloudFormation stops all that is under way then. */
function isConsequence({ reason = "" }: StackEvent): boolean {
  return /^Resource (creation|update|deletion) cancelled/i.test(reason);
}

const DONE: Readonly<Record<string, string>> = {
  CREATE_COMPLETE: "✔ created",
  UPDATE_COMPLETE: "✔ changed",
  DELETE_COMPLETE: "✔ removed",
  DELETE_SKIPPED: "• kept",
  IMPORT_COMPLETE: "✔ imported",
};

function doneLine(
  event: StackEvent,
  { took, isRollback }: { readonly took: number; readonly isRollback: boolean },
): string {
  const failed = event.status.endsWith("_FAILED");
  const cancelled = failed && isConsequence(event);
  const done = isRollback && event.status === "UPDATE_COMPLETE" ? "• restored" : DONE[event.status];
  const what = done ?? (cancelled ? "• stopped" : failed ? "✘ failed" : event.status);
  const line = resourceLine(what, kindOf(event.type), event.resource);
  // Of a name of resource (ARN), the name.
  const name = event.physicalId?.split("/").at(-1);
  const called = name === undefined || name === event.resource || failed ? "" : ` (${name})`;
  const seconds = Math.round(took / 1000);
  return `${line}${called}${seconds > 0 ? `, ${seconds} s` : ""}`;
}

/** What was done, to what, of which name: in columns. */
export function resourceLine(done: string, kind: string, name: string): string {
  return `${done.padEnd(10)} ${kind.padEnd(KIND_WIDTH)}  ${name}`;
}

function liveText(working: readonly StackEvent[], now: number): string {
  if (working.length === 0) return "Waiting for CloudFormation …";
  const each = working.map(
    ({ resource, at }) => `${resource} (${Math.max(0, Math.round((now - at) / 1000))} s)`,
  );
  return `CloudFormation is at ${each.join(", ")}`;
}

/** The failures in the resources' own words, a line each. */
export function failureLines(failures: readonly StackEvent[]): string[] {
  return failures.map(
    ({ type, resource, reason }) => `${kindOf(type)} ${resource}: ${reason ?? "AWS gave no reason"}`,
  );
}
