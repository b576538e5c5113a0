/** What a job can have of a computer of AWS at most, if it is alone on it. */
export interface Room {
  /** `c5.xlarge` */
  readonly type: string;
  readonly vcpus: number;
  /** MiB: less than the computer's memory, of which the system and ECS take their share. */
  readonly memoryMib: number;
  /** Whether `memoryMib` is reckoned from the computer's memory, not observed. */
  readonly isEstimate: boolean;
  /** MiB of the whole computer: more than that no job can have. */
  readonly physicalMib: number;
}

const GIB = 1024;

/** Observed: the table of the users' guide. MiB. */
const OBSERVED: Readonly<Record<string, number>> = {
  "c5.xlarge": 7_400,
  "c5.2xlarge": 15_200,
  "c5.4xlarge": 31_000,
};

/** GiB for each vCPU, by the family's letter ("Amazon EC2 instance types"): compute, general, memory. */
const GIB_PER_VCPU: Readonly<Record<string, number>> = { c: 2, m: 4, r: 8 };

/** Sizes of families in common use, in multiples of xlarge (4 vCPUs); 0.5 is `large`. */
const SIZES_OF_GENERATION: readonly (readonly [family: RegExp, sizes: readonly number[]])[] = [
  [/^c5d?$/, [0.5, 1, 2, 4, 9, 12, 18, 24]],
  [/^(c5ad?|[mr]5a?d?)$/, [0.5, 1, 2, 4, 8, 12, 16, 24]],
  [/^[cmr]6id?$/, [0.5, 1, 2, 4, 8, 12, 16, 24, 32]],
  [/^[cmr]6a$/, [0.5, 1, 2, 4, 8, 12, 16, 24, 32, 48]],
  [/^[cmr]7[ia]$/, [0.5, 1, 2, 4, 8, 12, 16, 24, 48]],
];

/**
 * The computers that `instanceTypes` of a compute environment names: types, and families in common use. Undefined where one of
 * them is not known here (`optimal`, rarer families): then nothing can be said of what doesn't fit.
 */
export function roomsOf(instanceTypes: readonly string[]): readonly Room[] | undefined {
  const rooms: Room[] = [];
  for (const name of instanceTypes) {
    const found = roomsOfName(name);
    if (found === undefined) return undefined;
    rooms.push(...found);
  }
  return rooms.length === 0 ? undefined : rooms;
}

function roomsOfName(name: string): readonly Room[] | undefined {
  const [family = "", size] = name.split(".");
  const sizes = SIZES_OF_GENERATION.find(([pattern]) => pattern.test(family))?.[1];
  if (sizes === undefined) return undefined;
  const all = sizes.map((times) => room(family, times));
  if (size === undefined) return all;
  const one = all.find(({ type }) => type === name);
  return one && [one];
}

function room(family: string, times: number): Room {
  const type = `${family}.${times < 1 ? "large" : times === 1 ? "xlarge" : `${times}xlarge`}`;
  const vcpus = times * 4;
  const physicalMib = vcpus * (GIB_PER_VCPU[family.charAt(0)] ?? 0) * GIB;
  const observed = OBSERVED[type];
  return {
    type,
    vcpus,
    memoryMib: observed ?? jobMemory(physicalMib),
    isEstimate: observed === undefined,
    physicalMib,
  };
}

/** What is left of so much memory (MiB) for a job: a line through the observed sizes, within 1 % of each. */
export function jobMemory(physicalMib: number): number {
  return Math.floor(physicalMib * 0.95 - 380);
}
