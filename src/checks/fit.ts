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
  /** No computer of the environment is large enough: the one that comes closest. */
  | { readonly kind: "over-computers"; readonly largest: Room }
  /** It may be too large: what computers have left for jobs is only an estimate. */
  | { readonly kind: "perhaps"; readonly largest: Room }
  /** Nothing is known of its computers. */
  | { readonly kind: "unknown" };

/** Sizes a job against an environment, as if nothing else ran there. */
export function fitOf({ resources }: ComputeEnvironment, size: JobSize, rooms?: readonly Room[]): Fit {
  if (resources === undefined) return { kind: "unknown" };
  if (size.vcpus > resources.maxVcpus) return { kind: "over-limit", maxVcpus: resources.maxVcpus };
  const known = rooms ?? roomsOf(resources.instanceTypes);
  const largest = known && largestOf(known, size);
  if (largest === undefined) return { kind: "unknown" };
  if (holds(largest, size, largest.memoryMib)) return { kind: "fits" };
  // Between what is reckoned and what the computer has in all, nobody knows.
  const mayHold = known?.some((room) => room.isEstimate && holds(room, size, room.physicalMib - 1));
  return { kind: mayHold ? "perhaps" : "over-computers", largest };
}

function holds(room: Room, size: JobSize, memoryMib: number): boolean {
  return size.vcpus <= room.vcpus && size.memoryMib <= memoryMib;
}

/** One that holds the job, if there is any; else the one with the most memory, of those the one with the most vCPUs. */
function largestOf(rooms: readonly Room[], size: JobSize): Room | undefined {
  const bySize = rooms.toSorted((a, b) => b.memoryMib - a.memoryMib || b.vcpus - a.vcpus);
  return bySize.find((room) => holds(room, size, room.memoryMib)) ?? bySize[0];
}
