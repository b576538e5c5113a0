import type { JobDefinition } from "../../aws/batch.ts";
import type { Aws } from "../../aws/clients.ts";
import type { Context } from "../../cli/context.ts";
import { warnOfFew } from "../../cli/first-few.ts";
import { UserError } from "../../errors.ts";
import { removeStaleTemporaries } from "../../runs/temporaries.ts";
import type { Sourced } from "../../settings.ts";
import type { BuildRoot } from "../../workflow/build-root.ts";
import type { Variables } from "../../workflow/envdir.ts";
import { supportsEnvd, supportsOverlays } from "../../workflow/image.ts";
import { jobEnvironment } from "../../workflow/job-environment.ts";
import { type Overlay, selectFiles } from "../../workflow/selection.ts";
import type { Selection } from "../../workflow/types.ts";
import type { BuildRequest } from "../build-request.ts";
import { credentialWarning } from "./credential-warning.ts";
import { deriveDefinition } from "./derived-definition.ts";
import type { AwsBatchOptions } from "./options.ts";
import { beginPreflight, type Preflight, warnOf } from "./preflight.ts";
import { type Scheduling, schedulingOf } from "./scheduling.ts";
import { together } from "./together.ts";

/** What is found out before anything is sent. */
export interface Prepared {
  readonly definition: JobDefinition;
  /** The definition to submit with: the user's, or one derived from it. */
  readonly definitionName: string;
  readonly scheduling: Scheduling;
  readonly selection: Selection;
  readonly variables: Variables;
  /** Goes on beside the upload. */
  readonly preflight: Preflight;
}

/**
 * Looks at AWS and at the directory at the same time. Throws UserError for what would fail later: no queue, no
 * definition, a file that can't be read, variables for an image that knows none.
 */
export async function prepare(
  context: Context,
  aws: Aws,
  request: BuildRequest & { readonly place: BuildRoot },
  options: AwsBatchOptions,
): Promise<Prepared> {
  const { io } = context;
  const [[target, preflight], selection, environment] = await together(
    context.signal,
    async (signal) => {
      const begun = beginPreflight(aws, options, signal);
      return [await begun.target, begun] as const;
    },
    (signal) =>
      selectFiles(request.place.root, {
        exclude: options.excludeFromUpload,
        overlays: request.overlays,
        signal,
      }),
    () => variablesFor(context, request),
  );
  const base = target.definition;
  await removeStaleTemporaries(selection.temporaries, { now: context.now() });
  warnOfFew(io, selection.warnings, (count) => `${count} more were skipped.`);
  for (const warning of environment.warnings) io.warn(warning);
  if (selection.files.length === 0) {
    // The job would fail on it: unzip takes an empty archive for a broken one.
    throw new UserError(
      `There is nothing to build in ${request.place.root}: it holds no file that can be uploaded.`,
      {
        hint: "Name the directory that holds your Snakefile.",
      },
    );
  }
  const { variables } = environment;
  checkImage(options.image ?? { value: base.image, source: `the job definition "${options.job.value}"` }, {
    variables,
    overlays: request.overlays,
  });
  warnOf(context, target.cautions);
  const warning = credentialWarning(variables, context.env, {
    limit: base.timeoutSeconds,
    now: context.now(),
  });
  if (warning) io.warn(warning);
  const derived =
    options.image &&
    (await deriveDefinition(aws.batch, base, { image: options.image, tags: options.tags }, context.signal));
  return {
    definition: derived?.definition ?? base,
    scheduling: schedulingOf(target.queue, base, options),
    definitionName: derived?.name ?? options.job.value,
    selection,
    variables,
    preflight,
  };
}

/** Throws UserError where the image is known to be too old for what it is to do. */
function checkImage(
  { value: image, source }: Sourced<string>,
  { variables, overlays }: { readonly variables: Variables; readonly overlays: readonly Overlay[] },
): void {
  if (variables.size > 0 && !supportsEnvd(image)) {
    throw new UserError(
      `Jobs in the image ${image} (from ${source}) can't be given environment variables: it is too old.`,
      {
        hint: "Use a newer image, or pass no variables (unset AWS_ACCESS_KEY_ID and the like here).",
      },
    );
  }
  const [overlay] = overlays;
  if (overlay && !supportsOverlays(image)) {
    throw new UserError(
      `Jobs in the image ${image} (from ${source}) can't use --${overlay.name} ${overlay.directory}: it is too old.`,
      { hint: "Use an image from build-20250321T184358Z on, or leave the option out." },
    );
  }
}

function variablesFor({ env, cwd }: Context, { env: given, envdirs }: BuildRequest) {
  return jobEnvironment({
    env: given,
    envdirs,
    settings: env.NEXTSTRAIN_RUNTIME_ENVDIRS,
    environment: env,
    cwd,
  });
}
