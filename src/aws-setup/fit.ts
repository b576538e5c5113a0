import { jobMemory } from "../checks/instance-room.ts";
import { UsageError, UserError } from "../errors.ts";
import type { Parameters } from "./parameters.ts";
import type { InstanceType } from "./services.ts";
import type { Site } from "./site.ts";

/** Throws where a job of the size that the definition gives would wait for ever, or for a disk that is not there. */
export async function checkFit(site: Site, parameters: Parameters): Promise<void> {
  const cpus = Number(parameters.JobCpus);
  const memory = Number(parameters.JobMemoryMib);
  if (cpus > Number(parameters.MaxVcpus)) {
    throw new UsageError(
      `A job of ${cpus} vCPUs never starts where all jobs have ${parameters.MaxVcpus} at most.`,
      {
        hint: "Raise --max-vcpus, or lower --job-cpus.",
      },
    );
  }
  // In the console's form, people write blanks after the commas.
  const names = parameters.InstanceTypes.split(",").map((name) => name.trim());
  const types = await site.services.network.instanceTypes(names);
  if (types === undefined) return;
  const unknown = names.find(
    (name) => !types.some((type) => type.name === name || type.name.startsWith(`${name}.`)),
  );
  if (unknown !== undefined) {
    throw new UserError(
      `EC2 has no instance type or family ${unknown} in ${site.region} (--instance-types).`,
      {
        hint: "Choose from https://aws.amazon.com/ec2/instance-types/, such as c5 or m5.2xlarge.",
      },
    );
  }
  // What is reckoned is within 1 % of what was observed.
  if (!types.some((type) => type.vcpus >= cpus && jobMemory(type.memoryMib) * 1.01 >= memory)) {
    throw new UsageError(`No ${names.join(" or ")} has room for a job of ${cpus} vCPUs and ${memory} MiB.`, {
      hint: `${roomHint(types, cpus)} Change --job-cpus, --job-memory or --instance-types.`,
    });
  }
  const withoutDisk = types.filter(({ hasDisks }) => !hasDisks).map(({ name }) => name.split(".")[0]);
  if (parameters.DiskKind === "nvme" && withoutDisk.length > 0 && parameters.ExtraDiskGib === "0") {
    throw new UsageError(
      `--disk nvme is for instances with NVMe disks of their own, and ${[...new Set(withoutDisk)].join(", ")} has none.`,
      { hint: "Name others, such as --instance-types c5d, or add a volume for them: --extra-disk 200" },
    );
  }
}

function roomHint(types: readonly InstanceType[], cpus: number): string {
  const enough = types.filter((type) => type.vcpus >= cpus);
  const largest = (enough.length > 0 ? enough : types).reduce((a, b) =>
    enough.length > 0 ? (b.memoryMib > a.memoryMib ? b : a) : b.vcpus > a.vcpus ? b : a,
  );
  return `${largest.name} has ${largest.vcpus} vCPUs and about ${jobMemory(largest.memoryMib)} MiB for jobs.`;
}
