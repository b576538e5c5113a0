import { reasons } from "./attempts.ts";
import type { ComputeEnvironment, Size } from "./types.ts";

/**
 * What a job can have of an instance: less than the instance's memory, since ECS and the system take their share. The
 * sizes up to 4xlarge are as observed on AWS; the larger ones are estimates.
 */
const c5: Readonly<Record<string, Size>> = {
  "c5.large": { vcpus: 2, memoryMiB: 3_600 },
  "c5.xlarge": { vcpus: 4, memoryMiB: 7_400 },
  "c5.2xlarge": { vcpus: 8, memoryMiB: 15_200 },
  "c5.4xlarge": { vcpus: 16, memoryMiB: 31_000 },
  "c5.9xlarge": { vcpus: 36, memoryMiB: 70_000 },
  "c5.12xlarge": { vcpus: 48, memoryMiB: 93_500 },
  "c5.18xlarge": { vcpus: 72, memoryMiB: 140_000 },
  "c5.24xlarge": { vcpus: 96, memoryMiB: 187_000 },
};

/** Whether an environment could run a job of this size if it ran nothing else. */
export type Fit = "fits" | "over maxvCpus" | "over every instance";

export function fitOf(environment: ComputeEnvironment, size: Size): Fit {
  const instances = instancesOf(environment);
  if (instances !== undefined && !instances.some((instance) => holds(instance, size))) {
    return environment.machine === undefined && size.vcpus > environment.maxvCpus
      ? "over maxvCpus"
      : "over every instance";
  }
  return size.vcpus > environment.maxvCpus ? "over maxvCpus" : "fits";
}

/** Whether the environment can run the job beside those that it runs now. */
export function hasRoom(environment: ComputeEnvironment, size: Size, running: readonly Size[]): boolean {
  const vcpus = running.reduce((sum, job) => sum + job.vcpus, size.vcpus);
  const memoryMiB = running.reduce((sum, job) => sum + job.memoryMiB, size.memoryMiB);
  if (vcpus > environment.maxvCpus) return false;
  return environment.machine === undefined || holds(environment.machine, { vcpus, memoryMiB });
}

/** Why none of these environments could ever run a job of this size, in Batch's words; undefined where one could. */
export function reasonToWait(environments: readonly ComputeEnvironment[], size: Size): string | undefined {
  const fits = environments.map((environment) => fitOf(environment, size));
  if (fits.length === 0) return reasons.blocked;
  if (fits.every((one) => one === "over maxvCpus")) return reasons.overMaxvCpus;
  return fits.every((one) => one !== "fits") ? reasons.tooBig : undefined;
}

/** What the environment could start; undefined where no limit is known (`optimal`, other families). */
function instancesOf({ machine, instanceTypes }: ComputeEnvironment): readonly Size[] | undefined {
  if (machine !== undefined) return [machine];
  const sizes: Size[] = [];
  for (const type of instanceTypes) {
    const size = c5[type];
    if (type === "c5") sizes.push(...Object.values(c5));
    else if (size !== undefined) sizes.push(size);
    else return undefined;
  }
  return sizes.length === 0 ? undefined : sizes;
}

function holds(instance: Size, size: Size): boolean {
  return size.vcpus <= instance.vcpus && size.memoryMiB <= instance.memoryMiB;
}
