import { DeleteObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { isNoBucket } from "../../aws/s3.ts";
import type { SetupNames } from "../../checks/facts.ts";
import { UsageError } from "../../errors.ts";
import type { RunId } from "../../runs/types.ts";
import type { Sourced } from "../../settings.ts";
import type { S3Object } from "../../transfer/s3-url.ts";
import type { AwsBatchOptions } from "./options.ts";

/** The objects of a run: all begin with its id, and lie side by side. */
export interface RunObjects {
  /** The archive of the build root, overwritten by the job with its results. */
  readonly workdir: S3Object;
  /** Environment variables of the job; may hold secrets. */
  readonly envd: S3Object;
  /** What was uploaded, for those who attach from another computer. */
  readonly manifest: S3Object;
  /** What the job had finished so far, where it saved that while it ran; gone once its results are in the archive. */
  readonly checkpoint: S3Object;
  /** Of a fan-out: the arguments of its children. */
  readonly children: S3Object;
}

/** The bucket and prefix of `[s3://]NAME[/PREFIX]`. Throws UsageError. */
export function parseBucket({ value, source }: Sourced<string>): { bucket: string; prefix: string } {
  const match = /^(?:s3:\/\/)?([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(value);
  if (match?.[1] === undefined) {
    refuseArn(value, source);
    throw new UsageError(`"${value}" (from ${source}) is not the name of an S3 bucket.`, {
      hint: "It has the form [s3://]NAME[/PREFIX]; names are of lower-case letters, digits, dots and hyphens.",
    });
  }
  const prefix = (match[2] ?? "").replace(/^\/+|\/+$/g, "");
  return { bucket: match[1], prefix: prefix && `${prefix}/` };
}

/** Throws UsageError for a name of resource, with the name to use in its place. */
function refuseArn(value: string, source: string): void {
  const arn = /^(?:s3:\/\/)?arn:[\w-]+:s3:([\w-]*):(\d*):(?:accesspoint[/:])?([^/:]+)(.*)$/.exec(value);
  if (arn === null) return;
  const [, region = "", account = "", name = "", rest = ""] = arn;
  if (region === "" && account === "") {
    throw new UsageError(`"${value}" (from ${source}) is the ARN of an S3 bucket.`, {
      hint: `Give its name: ${name}${rest}`,
    });
  }
  throw new UsageError(`"${value}" (from ${source}) is the ARN of an S3 access point.`, {
    hint: `Give its alias, which works as a bucket's name and ends in -s3alias: aws --region ${region} s3control get-access-point --account-id ${account} --name ${name} --query Alias`,
  });
}

/** The set-up's parts by name, as checks want them. Throws UsageError. */
export function setupNames(options: Pick<AwsBatchOptions, "queue" | "job" | "bucket">): SetupNames {
  const { bucket, prefix } = parseBucket(options.bucket);
  return { queue: options.queue, job: options.job, bucket: { ...options.bucket, value: bucket }, prefix };
}

export function runObjects({ bucket, prefix }: { bucket: string; prefix: string }, runId: RunId): RunObjects {
  return objectsOf(bucket, `${prefix}${runId}`);
}

/** The other objects of the run whose archive this is. */
export function siblingsOf(workdir: S3Object): RunObjects | undefined {
  const match = /^(.*)\.zip$/.exec(workdir.key);
  if (match?.[1] === undefined) return undefined;
  return objectsOf(workdir.bucket, match[1]);
}

function objectsOf(bucket: string, beginning: string): RunObjects {
  const object = (suffix: string) => ({ bucket, key: `${beginning}${suffix}` });
  return {
    workdir: object(".zip"),
    envd: object("-env.d.zip"),
    manifest: object(".json.gz"),
    checkpoint: object(".checkpoint.zip"),
    children: object(".children"),
  };
}

/** What the child of a fan-out leaves beside the archive: only what it has made or changed. */
export function partOf({ bucket, key }: S3Object, index: number): S3Object {
  return { bucket, key: `${key.replace(/\.zip$/, "")}.part-${index}.zip` };
}

/** Deletes an object; one that isn't there is fine. */
export async function deleteObject(
  s3: S3Client,
  { bucket, key }: S3Object,
  signal: AbortSignal,
): Promise<void> {
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
}

/** An object that should go and is still there. */
export interface LeftObject {
  readonly object: S3Object;
  readonly error: unknown;
}

/** Milliseconds for deleting one object, or ending an upload, of a run that has failed. */
export const TIDYING_TIME = 10_000;

/**
 * Deletes a run's objects: variables first, since they may hold secrets. Not under the signal that may have ended the run.
 * Returns those that could not be deleted.
 */
export async function removeRunObjects(
  s3: S3Client,
  { envd, workdir, manifest, children }: RunObjects,
): Promise<LeftObject[]> {
  const left: LeftObject[] = [];
  const remove = (object: S3Object) =>
    deleteObject(s3, object, AbortSignal.timeout(TIDYING_TIME)).catch((error: unknown) => {
      if (!isNoBucket(error)) left.push({ object, error });
    });
  await remove(envd);
  await Promise.all([remove(workdir), remove(manifest), remove(children)]);
  return left;
}
