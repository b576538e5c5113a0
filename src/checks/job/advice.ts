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

/** What a job that had too little memory is tried with next. */
export interface LargerSize {
  /** Undefined: as many as it had. */
  readonly vcpus?: number;
  readonly memoryMib: number;
  /** The computers that have so much for a job, where it is by them. */
  readonly type?: string;
}

/** What has the facts of {@link largerSize}. */
export type SizeEvidence = Pick<JobEvidence, "job" | "environments" | "isLocal">;

/** The next size up for a job that had too little memory; undefined where there is none, or nothing is known of the job's own. */
export function largerSize({ job, environments, isLocal }: SizeEvidence): LargerSize | undefined {
  const had = job.container?.memoryMib;
  if (had === undefined) return undefined;
  if (isLocal) return { memoryMib: had * 2 };
  const vcpus = job.container?.vcpus ?? 1;
  if (job.container?.onFargate) return nextOnFargate({ vcpus, memoryMib: Math.ceil(had * MORE) });
  const rooms = knownRooms(environments) ?? roomsOf(USUAL) ?? [];
  const next = rooms
    .filter((room) => room.memoryMib >= had * MORE && room.vcpus >= vcpus)
    .toSorted((a, b) => a.memoryMib - b.memoryMib)[0];
  return next && { memoryMib: next.memoryMib, type: next.type };
}

/** What to do about a job that had too little memory, with the `--memory` to try. */
export function adviseMemory(evidence: SizeEvidence): string {
  const { job, environments, isLocal } = evidence;
  const had = job.container?.memoryMib;
  if (had === undefined) return "Run it again with more memory than it had: --memory 15200mib, for example.";
  const fewer = "Where rules run side by side, fewer of them at a time (a smaller --cpus) need less, too.";
  const size = largerSize(evidence);
  if (size !== undefined && isLocal)
    return `Run it again with more, where this computer has it: --memory ${size.memoryMib}mib. ${fewer}`;
  if (size !== undefined && job.container?.onFargate)
    return `Run it again with more, in a size that Fargate has: --cpus ${size.vcpus} --memory ${size.memoryMib}mib. ${fewer}`;
  if (size !== undefined)
    return `Run it again with more: --memory ${size.memoryMib}mib, which is what a computer of the type ${size.type} has for a job. ${fewer}`;
  if (job.container?.onFargate) return `Fargate has no larger size: use a job queue on EC2. ${fewer}`;
  const largest =
    knownRooms(environments) === undefined
      ? ""
      : ", since the largest computers of the queue have hardly more";
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
