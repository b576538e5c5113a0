import type { Job } from "../../aws/batch.ts";
import type { FetchEntries } from "../../results/apply.ts";
import type { JobId, PeakUse } from "../../runs/types.ts";
import { formatBytes } from "../../workflow/quantity.ts";
import { ranFor } from "./outcome.ts";

/** A note on a job's use is no longer, in bytes. */
const LONGEST_NOTE = 1_000;
/** A job that ran for less says little of what the next one needs. Milliseconds. */
const TELLING_RUN = 10 * 60_000;
/** How much more than the peak to ask for. */
const MARGIN = 1.25;
/** Less than so much of what a job was given is far off. */
const FAR_OFF = 0.5;
const GIB = 1024 ** 3;

/** The note that the script in a job leaves among Snakemake's logs, as it goes by among the results. */
export interface UseReader {
  /** `fetch`, with the note kept on its way. */
  watch(fetch: FetchEntries): FetchEntries;
  /** What the note says; undefined where none came, or it is of no use. */
  read(): PeakUse | undefined;
}

export function createUseReader(jobId: JobId): UseReader {
  let note = "";
  async function* kept(data: AsyncIterable<Uint8Array>) {
    for await (const piece of data) {
      note += Buffer.from(piece).toString("utf8");
      yield piece;
    }
  }
  return {
    watch: (fetch) =>
      async function* (entries, signal) {
        for await (const { entry, data } of fetch(entries, signal)) {
          const isNote =
            entry.path.endsWith(`.snakemake/log/${jobId}.use.json`) && entry.size <= LONGEST_NOTE;
          yield { entry, data: isNote ? kept(data) : data };
        }
      },
    read: () => parseNote(note),
  };
}

/** The workflow may have written anything there. */
function parseNote(text: string): PeakUse | undefined {
  try {
    const { version, memoryBytes, cores, diskBytes } = JSON.parse(text) as PeakUse & { version: unknown };
    const use = { memoryBytes, cores, diskBytes };
    const isUse = Object.values(use).every((value: unknown) => typeof value === "number" && value >= 0);
    return version === 1 && isUse ? use : undefined;
  } catch {
    return undefined;
  }
}

/** What a job has used at most, of what it was given: `5.1 of 14.0 GiB of memory, 3.2 of 8 cores, 12.0 GiB of disk`. */
export function describeUse(
  { memoryBytes, cores, diskBytes }: PeakUse,
  given: { readonly vcpus: number | undefined; readonly memoryMib: number | undefined },
): string {
  const { vcpus, memoryMib } = given;
  const ofMemory = memoryMib === undefined ? "" : ` of ${formatBytes(memoryMib * 1024 ** 2)}`;
  const ofCores = vcpus === undefined ? "" : ` of ${vcpus}`;
  return `${formatBytes(memoryBytes)}${ofMemory} of memory, ${cores.toFixed(1)}${ofCores} ${vcpus === 1 ? "core" : "cores"}, ${formatBytes(diskBytes)} of disk`;
}

/** What to ask for next time, where a job was given far more than it used; undefined where that was about right, or it ran too short. */
export function adviseSize({ memoryBytes, cores }: PeakUse, job: Job): string | undefined {
  if (job.status !== "SUCCEEDED" || ranFor(job) < TELLING_RUN) return undefined;
  const { vcpus, memoryMib } = job.container ?? {};
  const fewer = Math.max(1, Math.ceil(cores));
  const less = Math.max(1, Math.ceil((memoryBytes * MARGIN) / GIB));
  const options = [
    ...(vcpus !== undefined && fewer < vcpus * FAR_OFF ? [`--cpus ${fewer}`] : []),
    ...(memoryMib !== undefined && less * 1024 < memoryMib * FAR_OFF ? [`--memory ${less}gib`] : []),
  ];
  return options.length > 0 ? options.join(" ") : undefined;
}
