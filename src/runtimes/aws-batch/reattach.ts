import type { Aws } from "../../aws/clients.ts";
import type { Context } from "../../cli/context.ts";
import { shellQuoted } from "../../cli/shell-quoted.ts";
import type { Run } from "./run.ts";

/** Where the requests go, and the files that profile, region or endpoint may stand in: no secrets. */
const WHERE_AWS_IS = [
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
  "AWS_ENDPOINT_URL_BATCH",
  "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
];

/**
 * The command that takes up a job again, with what it took from the environment where it can't do without. This home's local AWS needs
 * neither exports nor keys.
 */
export function reattachCommand(context: Context, aws: Aws, { jobId, place }: Run): string {
  const isHere = aws.local?.isOfThisHome === true;
  const environment = isHere
    ? fromEnvironment(context, "NEXTSTRAIN_HOME")
    : [
        ...fromEnvironment(context, aws.profile?.source),
        ...fromEnvironment(context, aws.region.source.startsWith("AWS_") ? aws.region.source : undefined),
        ...WHERE_AWS_IS.flatMap((name) => fromEnvironment(context, name)),
      ];
  const local = isHere ? ["--local-aws"] : [];
  const target = place ? [place.directory] : ["--no-download"];
  const words = ["nextstrain", "build", "--aws-batch", ...local, "--attach", jobId, ...target].map(
    shellQuoted,
  );
  return [...environment, ...words].join(" ");
}

function fromEnvironment({ env }: Context, name: string | undefined): string[] {
  const value = name && env[name];
  return value ? [`${name}=${shellQuoted(value)}`] : [];
}
