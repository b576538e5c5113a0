import type { ComputeEnvironment } from "../../../aws/queue.ts";

/**
 * How many children run at a time, in a line: by the vCPUs that the queue's compute environments may have.
 *
 * @param vcpus of each child; 0 where the job definition doesn't say
 * @param environments undefined where the user may not look at them
 */
export function describeRoom(
  size: number,
  vcpus: number,
  environments: readonly ComputeEnvironment[] | undefined,
): string {
  if (vcpus === 0) return `${size} children`;
  const all = `${size} children of ${counted(vcpus)}, ${size * vcpus} in all`;
  const limits = environments
    ?.filter(({ isEnabled }) => isEnabled)
    .map(({ resources }) => resources?.maxVcpus ?? Number.POSITIVE_INFINITY);
  const most = limits?.reduce((sum, limit) => sum + limit, 0);
  if (limits === undefined || most === undefined || !Number.isFinite(most)) return all;
  const atOnce = limits.reduce((sum, limit) => sum + Math.floor(limit / vcpus), 0);
  if (atOnce >= size) return `${all}: all can run at the same time (the queue has up to ${counted(most)})`;
  return `${all}: ${atOnce} can run at the same time (the queue has up to ${counted(most)})`;
}

function counted(vcpus: number): string {
  return `${vcpus} vCPU${vcpus === 1 ? "" : "s"}`;
}
