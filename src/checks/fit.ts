import type { ComputeEnvironment } from "../aws/queue.ts";
import { type Room, roomsOf } from "./instance-room.ts";

/** What a job asks for. */
export interface JobSize {
  readonly vcpus: number;
  readonly memoryMib: number;
}

/** Whether a compute environment could ever run a job of some size. */
export type Fit =
  | { readonly kind: "fits" }
  /** The job's vCPUs are more than the environment may have at a time. */
  | { readonly kind: "over-limit"; readonly maxVcpus: number }
  /** No computer of the environment is large enough: the one that comes closest, and how many vCPUs there may be at a time. */
  | { readonly kind: "over-computers"; readonly largest: Room; readonly maxVcpus: number }
  /** It may be too large: what computers have left for jobs differs a little, and of most is only an estimate. */
  | { readonly kind: "perhaps"; readonly largest: Room }
  /** Nothing is known of its computers. */
  | { readonly kind: "unknown" };

/** Sizes a job against an environment, as if nothing else ran there. */
export function fitOf({ resources }: ComputeEnvironment, size: JobSize): Fit {
  if (resources === undefined) return { kind: "unknown" };
  const { maxVcpus } = resources;
  const known = roomsOf(resources.instanceTypes) ?? [];
  const largest = largestOf(known);
  // Between what is observed or reckoned and what the computer has in all, nobody knows.
  const mayHold = known.some((room) => holds(room, size, room.physicalMib - 1));
  // A higher limit would be of no use.
  if (largest !== undefined && !mayHold) return { kind: "over-computers", largest, maxVcpus };
  if (size.vcpus > maxVcpus) return { kind: "over-limit", maxVcpus };
  if (largest === undefined) return { kind: "unknown" };
  return known.some((room) => holds(room, size, room.memoryMib))
    ? { kind: "fits" }
    : { kind: "perhaps", largest };
}

function holds(room: Room, size: JobSize, memoryMib: number): boolean {
  return size.vcpus <= room.vcpus && size.memoryMib <= memoryMib;
}

/** The one with the most memory, of those the one with the most vCPUs. */
function largestOf(rooms: readonly Room[]): Room | undefined {
  return rooms.toSorted((a, b) => b.memoryMib - a.memoryMib || b.vcpus - a.vcpus)[0];
}
