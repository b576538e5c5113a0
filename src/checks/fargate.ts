import type { JobSize } from "./fit.ts";

/** The sizes that Fargate has (Amazon ECS, "Task CPU and memory"): for so many vCPUs, memory from, to, and in steps of. MiB. */
const GRID: readonly {
  readonly vcpus: number;
  readonly least: number;
  readonly most: number;
  readonly step: number;
}[] = [
  // Of the smallest there are only 512, 1,024 and 2,048.
  { vcpus: 0.25, least: 512, most: 512, step: 512 },
  { vcpus: 0.25, least: 1_024, most: 2_048, step: 1_024 },
  { vcpus: 0.5, least: 1_024, most: 4_096, step: 1_024 },
  { vcpus: 1, least: 2_048, most: 8_192, step: 1_024 },
  { vcpus: 2, least: 4_096, most: 16_384, step: 1_024 },
  { vcpus: 4, least: 8_192, most: 30_720, step: 1_024 },
  { vcpus: 8, least: 16_384, most: 61_440, step: 4_096 },
  { vcpus: 16, least: 32_768, most: 122_880, step: 8_192 },
];

/** The largest size that there is. */
export const LARGEST_ON_FARGATE: JobSize = { vcpus: 16, memoryMib: 122_880 };

/** GiB of disk that a job on Fargate has where its definition doesn't say ("Fargate task ephemeral storage"). */
export const FARGATE_DISK = 20;

/** Whether Fargate has this size: Batch refuses a job of any other. */
export function isOnFargate({ vcpus, memoryMib }: JobSize): boolean {
  return GRID.some(
    (row) =>
      row.vcpus === vcpus &&
      memoryMib >= row.least &&
      memoryMib <= row.most &&
      (memoryMib - row.least) % row.step === 0,
  );
}

/** The smallest size of Fargate that is at least this one and whole in vCPUs, as builds ask for them; undefined where none is. */
export function nextOnFargate({ vcpus, memoryMib }: JobSize): JobSize | undefined {
  const row = GRID.find((one) => Number.isInteger(one.vcpus) && one.vcpus >= vcpus && one.most >= memoryMib);
  if (row === undefined) return undefined;
  const steps = Math.max(0, Math.ceil((memoryMib - row.least) / row.step));
  return { vcpus: row.vcpus, memoryMib: row.least + steps * row.step };
}
