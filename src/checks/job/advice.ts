import type { ComputeEnvironment } from "../../aws/queue.ts";
import { FARGATE_DISK, nextOnFargate } from "../fargate.ts";
import { type Room, roomsOf } from "../instance-room.ts";
import type { Seen } from "../seen.ts";
import type { JobEvidence } from "./evidence.ts";

/** The computers of the users' guide, where those of the account can't be seen. */
const USUAL = ["c5"];
/** A job that was killed for memory is tried with at least so many times as much. */
const MORE = 1.5;

/** Computers that the queue may start, so far as they are known; undefined where they aren't. */
function knownRooms(
  environments: Seen<readonly ComputeEnvironment[]> | undefined,
): readonly Room[] | undefined {
  if (environments?.kind !== "seen") return undefined;
  const rooms: Room[] = [];
  for (const { isEnabled, resources } of environments.value) {
    if (!isEnabled || resources === undefined) continue;
    const some = roomsOf(resources.instanceTypes);
    if (some === undefined) return undefined;
    rooms.push(...some.filter(({ vcpus }) => vcpus <= resources.maxVcpus));
  }
  return rooms.length > 0 ? rooms : undefined;
}

/** What to do about a job that had too little memory, with the `--memory` to try. */
export function adviseMemory({ job, environments, isLocal }: JobEvidence): string {
  const had = job.container?.memoryMib;
  if (had === undefined) return "Run it again with more memory than it had: --memory 15200mib, for example.";
  const fewer = "Where rules run side by side, fewer of them at a time (a smaller --cpus) need less, too.";
  if (isLocal) return `Run it again with more, where this computer has it: --memory ${had * 2}mib. ${fewer}`;
  if (job.container?.onFargate) {
    const size = nextOnFargate({ vcpus: job.container.vcpus ?? 1, memoryMib: Math.ceil(had * MORE) });
    if (size === undefined) return `Fargate has no larger size: use a job queue on EC2. ${fewer}`;
    return `Run it again with more, in a size that Fargate has: --cpus ${size.vcpus} --memory ${size.memoryMib}mib. ${fewer}`;
  }
  const known = knownRooms(environments);
  const rooms = known ?? roomsOf(USUAL) ?? [];
  const next = rooms
    .filter(({ memoryMib, vcpus }) => memoryMib >= had * MORE && vcpus >= (job.container?.vcpus ?? 1))
    .toSorted((a, b) => a.memoryMib - b.memoryMib)[0];
  if (next !== undefined) {
    return `Run it again with more: --memory ${next.memoryMib}mib, which is what a computer of the type ${next.type} has for a job. ${fewer}`;
  }
  const largest = known === undefined ? "" : ", since the largest computers of the queue have hardly more";
  return `Run it again on computers with more memory${largest}: nextstrain setup aws-batch --instance-types r5, then build with --memory ${Math.ceil(had * 2)}mib. ${fewer}`;
}

/** Where a job runs, so far as it matters for its disk. */
export interface JobPlace {
  readonly isLocal: boolean;
  readonly onFargate: boolean | undefined;
}

/** What to do about a disk that was too small. */
export function adviseDisk({ isLocal, onFargate }: JobPlace): string {
  if (onFargate) {
    return `Give the job definition more ephemeral storage, up to 200 GiB (without, it has ${FARGATE_DISK}): AWS console, Batch, Job definitions, Create new revision. Then build again.`;
  }
  return isLocal
    ? "Free some space on this computer's disk, where local AWS keeps its jobs, and build again."
    : "Give the computers of your jobs a larger disk: nextstrain setup aws-batch --disk-size 400 (in GiB; AWS's own default is 30, this program's 200), or --disk nvme --instance-types c5d, whose computers have fast disks of their own. Then build again.";
}

/** Seconds as `setup aws-batch --timeout` takes them. */
export function asTimeout(seconds: number): string {
  return seconds % 3600 === 0 ? `${seconds / 3600}h` : `${Math.ceil(seconds / 60)}m`;
}

/** Text of AWS's or the job's in a sentence of ours: on one line, and not without end. */
export function quote(text: string): string {
  const line = text.replace(/\s+/g, " ").trim().replace(/\.$/, "");
  return `“${line.length > 300 ? `${line.slice(0, 299)}…` : line}”`;
}
