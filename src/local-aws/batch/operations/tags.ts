import { clientException, optionalStrings, requiredString, stringMap, tagsOf } from "../fields.ts";
import { batchArn, nameOf } from "../names.ts";
import type { BatchContext, Operation } from "./operation.ts";

type Tags = Readonly<Record<string, string>>;

/** Something that has tags. */
interface Tagged {
  readonly tags: Tags;
  /** Keeps others in their place. */
  keep(tags: Tags): Promise<void>;
}

/** ListTagsForResource. */
export const listTagsForResource: Operation = (input, context) => ({ tags: tagged(input, context).tags });

/** TagResource: adds tags, or changes their values. */
export const tagResource: Operation = async (input, context) => {
  const resource = tagged(input, context);
  // Both together may be 50.
  await resource.keep(tagsOf({ tags: { ...resource.tags, ...stringMap(input, "tags") } }));
  return {};
};

/** UntagResource. */
export const untagResource: Operation = async (input, context) => {
  const resource = tagged(input, context);
  const gone = optionalStrings(input, "tagKeys") ?? [];
  await resource.keep(
    Object.fromEntries(Object.entries(resource.tags).filter(([key]) => !gone.includes(key))),
  );
  return {};
};

/** What the ARN names: a job that is no child of an array, a definition's revision, a queue, a compute environment or a scheduling policy. */
function tagged(input: Parameters<Operation>[0], context: BatchContext): Tagged {
  const { store } = context;
  const arn = requiredString(input, "resourceArn");
  const job = store.jobs.get(nameOf(context, "job", arn));
  if (job !== undefined && job.place === undefined && arn !== job.jobId) {
    return {
      tags: job.tags,
      async keep(tags) {
        job.tags = tags;
        await store.saveJob(job);
      },
    };
  }
  const index = store.definitions.findIndex(
    ({ name, revision }) => batchArn(context, "job-definition", `${name}:${revision}`) === arn,
  );
  const definition = store.definitions[index];
  if (definition !== undefined) {
    return {
      tags: definition.tags,
      async keep(tags) {
        store.definitions[index] = { ...definition, tags };
        await store.saveRegistry();
      },
    };
  }
  const found =
    inMap(context, "job-queue", store.queues, arn) ??
    inMap(context, "compute-environment", store.environments, arn) ??
    inMap(context, "scheduling-policy", store.policies, arn);
  if (found === undefined) throw clientException(`There is no resource ${arn}.`);
  return found;
}

function inMap<T extends { readonly name: string; readonly tags: Tags }>(
  context: BatchContext,
  kind: "job-queue" | "compute-environment" | "scheduling-policy",
  map: Map<string, T>,
  arn: string,
): Tagged | undefined {
  const found = [...map.values()].find(({ name }) => batchArn(context, kind, name) === arn);
  return (
    found && {
      tags: found.tags,
      async keep(tags) {
        map.set(found.name, { ...found, tags });
        await context.store.saveRegistry();
      },
    }
  );
}
