import {
  type BatchClient,
  DescribeJobDefinitionsCommand,
  RegisterJobDefinitionCommand,
  type RegisterJobDefinitionCommandInput,
} from "@aws-sdk/client-batch";
import { type JobDefinition, readDefinition } from "../../aws/batch.ts";
import { withImage } from "../../aws/batch-container.ts";
import { explained } from "../../aws/errors.ts";
import type { Tags } from "../../aws/tags.ts";
import { UserError } from "../../errors.ts";
import type { Sourced } from "../../settings.ts";
import { isSameImage, parseImage } from "../../workflow/image.ts";

type Detail = JobDefinition["detail"];

/** Batch's limit for the name of a definition, in characters. */
const LONGEST_NAME = 128;

/** The definition to submit with, and what of it matters. */
export interface DerivedDefinition {
  /** `NAME:REVISION`. */
  readonly name: string;
  readonly definition: JobDefinition;
}

/**
 * The definition that is `base` in all but the image: the one that an earlier build registered, else a new one; undefined
 * where the base has this image already. SubmitJob itself can't name an image. Throws UserError.
 */
export async function deriveDefinition(
  batch: BatchClient,
  base: JobDefinition,
  { image, tags }: { readonly image: Sourced<string>; readonly tags: Tags },
  signal: AbortSignal,
): Promise<DerivedDefinition | undefined> {
  if (isSameImage(base.image, image.value)) return undefined;
  const derived = derivedInput(base.detail, image, tags);
  const name = derived.jobDefinitionName ?? "";
  const registered = await explained(`look up the job definition "${name}"`, signal, () =>
    batch.send(new DescribeJobDefinitionsCommand({ jobDefinitionName: name, status: "ACTIVE" }), {
      abortSignal: signal,
    }),
  );
  // Names are cut, so one of the same name may be another's.
  const same = (registered.jobDefinitions ?? [])
    .toSorted((a, b) => (b.revision ?? 0) - (a.revision ?? 0))
    .find((detail) => readDefinition(detail).image === image.value);
  if (same) return { name: `${name}:${same.revision}`, definition: readDefinition(same) };
  const { revision } = await explained(`register the job definition "${name}"`, signal, () =>
    batch.send(new RegisterJobDefinitionCommand(derived), { abortSignal: signal }),
  );
  const detail: Detail = { ...base.detail, ...withImage(base.detail, image.value) };
  return { name: `${name}:${revision}`, definition: readDefinition(detail) };
}

/**
 * The RegisterJobDefinition request. All fields that it takes are copied but the tags: those of AWS's own are refused,
 * and tagging takes a permission that users may not have. It gets those that its jobs get.
 */
export function derivedInput(
  base: Detail,
  image: Sourced<string>,
  tags: Tags,
): RegisterJobDefinitionCommandInput {
  const container = withImage(base, image.value);
  if (container === undefined) {
    throw new UserError(
      `The job definition "${base.jobDefinitionName}" has no single container whose image could be replaced by ${image.value} (from ${image.source}).`,
      { hint: "Name another definition with --aws-batch-job, or leave the image as it is." },
    );
  }
  return {
    jobDefinitionName: derivedName(base, image.value),
    type: "container",
    ...container,
    parameters: base.parameters,
    schedulingPriority: base.schedulingPriority,
    retryStrategy: base.retryStrategy,
    timeout: base.timeout,
    propagateTags: base.propagateTags,
    platformCapabilities: base.platformCapabilities,
    consumableResourceProperties: base.consumableResourceProperties,
    ...(Object.keys(tags).length > 0 ? { tags } : {}),
  };
}

/** From the base's name and revision, and the image's repository and tag. */
export function derivedName(base: Pick<Detail, "jobDefinitionName" | "revision">, image: string): string {
  const { repository, tag } = parseImage(image);
  return [base.jobDefinitionName, base.revision, repository, tag]
    .join("-")
    .replace(/[^A-Za-z0-9_-]/g, "-")
    .slice(0, LONGEST_NAME);
}
