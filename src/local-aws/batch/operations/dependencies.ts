import {
  clientException,
  optionalInteger,
  optionalObject,
  optionalObjects,
  optionalString,
} from "../fields.ts";
import { nameOf } from "../names.ts";
import type { Dependency, Job, Json } from "../types.ts";
import type { BatchContext } from "./operation.ts";

/** How many entries `dependsOn` may have. */
const most = 20;

/** Reads `dependsOn` of SubmitJob; throws an AwsError for what does not exist, or does not go with the array. */
export function readDependencies(input: Json, context: BatchContext): Pick<Job, "dependsOn"> {
  const size = optionalInteger(optionalObject(input, "arrayProperties") ?? {}, "size");
  const entries = optionalObjects(input, "dependsOn") ?? [];
  if (entries.length > most) throw refused(`Job cannot have more than ${most} dependencies`);
  const dependsOn = entries.map((entry) => readDependency(entry, size, context));
  return dependsOn.length === 0 ? {} : { dependsOn };
}

/** @param size of the array that is submitted; undefined where it is none */
function readDependency(entry: Json, size: number | undefined, context: BatchContext): Dependency {
  const type = optionalString(entry, "type");
  const given = optionalString(entry, "jobId");
  if (type === "SEQUENTIAL") {
    if (size === undefined) throw refused("Only array jobs can have a SEQUENTIAL dependency");
    if (given) throw refused("A SEQUENTIAL dependency cannot have a jobId");
    return { type };
  }
  if (!given) throw refused("A dependency must have a jobId");
  const jobId = nameOf(context, "job", given);
  const job = context.store.jobs.get(jobId);
  if (job === undefined) throw refused(`Job ${given} does not exist`);
  if (type === undefined) return { jobId };
  if (type !== "N_TO_N") throw refused(`Dependency type must be N_TO_N or SEQUENTIAL, not ${type}`);
  if (size === undefined || job.arraySize === undefined) {
    throw refused("Only array jobs can have an N_TO_N dependency, and only on array jobs");
  }
  if (size !== job.arraySize) {
    throw refused(`N_TO_N dependencies must be arrays of the same size: ${size}, not ${job.arraySize}`);
  }
  return { jobId, type };
}

const refused = (what: string) => clientException(`Error executing request, Exception : ${what}.`);
