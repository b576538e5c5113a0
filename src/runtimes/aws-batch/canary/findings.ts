import type { Finding } from "../../../checks/finding.ts";
import { adviseDisk, type JobPlace } from "../../../checks/job/advice.ts";
import { formatBytes } from "../../../workflow/quantity.ts";
import { LOG_LINES, type Seeing } from "./probe.ts";

/** Less is soon full: the image takes some GiB, and so do the data of a build. Bytes. */
const LITTLE_DISK = 10 * 1024 ** 3;

/** What the log has shown of the lines that the probe printed. */
export function logFinding(lines: number, isReadable: boolean): Finding {
  const id = "canary.log";
  if (!isReadable) {
    return {
      id,
      mark: "wrong",
      says: "The job's log could not be read.",
      mend: "Ask your AWS administrator for the permission logs:GetLogEvents on the log group /aws/batch/job: the policy NextstrainJobsAccessToLogs grants it.",
    };
  }
  if (lines === LOG_LINES)
    return { id, mark: "ok", says: `All ${lines} lines that the job wrote arrived in its log.` };
  return {
    id,
    mark: lines === 0 ? "wrong" : "caution",
    says: `Of ${LOG_LINES} lines that the job wrote, ${lines} arrived in its log.`,
    mend: "See whether the job definition sends its log elsewhere (AWS console: Batch, Job definitions, Logging), and whether the instance role may write logs (policy AmazonEC2ContainerServiceforEC2Role).",
  };
}

/** What the probe saw in the job. */
export function seeingFindings(seeing: Seeing, place: JobPlace): Finding[] {
  return [...diskFindings(seeing, place), sizeFinding(seeing), internetFinding(seeing, place.isLocal)];
}

function diskFindings({ disks }: Seeing, place: JobPlace): Finding[] {
  const id = "canary.disk";
  if (disks.length === 0) {
    const mend = "Use an image that has `df`, such as nextstrain/base.";
    return [
      {
        id,
        mark: "unknown",
        says: "How much disk space a job has can't be told: its image has no df.",
        mend,
      },
    ];
  }
  return disks.map(({ path, size, free }): Finding => {
    const bytes = free * 1024;
    const where = disks.length > 1 ? ` (${path})` : "";
    const says = `A job has ${formatBytes(bytes)} of disk space free${where}, of ${formatBytes(size * 1024)}.`;
    if (bytes >= LITTLE_DISK) return { id, mark: "ok", says };
    return {
      id,
      mark: "caution",
      says: `${says} Larger builds will fill it.`,
      mend: adviseDisk(place),
    };
  });
}

function sizeFinding({ cpus, memoryMib, user }: Seeing): Finding {
  const parts = [
    ...(cpus === undefined ? [] : [`${cpus} ${cpus === 1 ? "CPU" : "CPUs"}`]),
    ...(memoryMib === undefined ? [] : [`${memoryMib} MiB of memory`]),
  ];
  const as = user === undefined ? "" : ` Its programs run as the user ${user}.`;
  return {
    id: "canary.size",
    mark: "ok",
    says: `${parts.length === 0 ? "What the job had of CPUs and memory, its image doesn't tell." : `The job could use ${parts.join(" and ")}.`}${as}`,
  };
}

function internetFinding({ reached }: Seeing, isLocal: boolean): Finding {
  const id = "canary.internet";
  const named = (answer: boolean | undefined) =>
    [...reached].filter(([, one]) => one === answer).map(([host]) => host);
  const [yes, no] = [named(true), named(false)];
  if (yes.length > 0) {
    const but = no.length === 0 ? "" : ` (not, just now, ${no.join(", ")})`;
    return { id, mark: "ok", says: `Jobs can reach the internet: ${yes.join(", ")}${but}.` };
  }
  if (no.length === 0) {
    return {
      id,
      mark: "unknown",
      says: "Whether jobs can reach the internet can't be told: their image has neither python3 nor curl nor bash.",
      mend: "Use an image that has one of them, such as nextstrain/base.",
    };
  }
  return {
    id,
    mark: "caution",
    says: `Jobs can't reach the internet: neither ${no.join(" nor ")}. Workflows that fetch data will fail.`,
    mend: isLocal
      ? "Jobs of local AWS use this computer's connection: see whether it has one, without a proxy."
      : "Give the subnets of the compute environment a way out: public IP addresses, or a NAT gateway (AWS console: VPC, Subnets); and let its security group send (Outbound rules).",
  };
}
