import { UsageError } from "../errors.ts";

/** Beginnings and ends that S3 keeps for itself ("General purpose bucket naming rules"). */
const RESERVED = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/;

/** Why S3 would not take this name for a bucket; undefined where it would. */
export function problemOfBucketName(name: string): string | undefined {
  if (name.length < 3 || name.length > 63) return "a bucket's name has 3 to 63 characters";
  if (!/^[a-z0-9.-]+$/.test(name)) return "a bucket's name is of lower-case letters, digits and hyphens";
  if (!/^[a-z0-9].*[a-z0-9]$/.test(name)) return "a bucket's name begins and ends with a letter or a digit";
  if (/\.\.|\.-|-\./.test(name)) return "dots in a bucket's name stand between letters or digits";
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return "a bucket's name is not an IP address";
  if (RESERVED.test(name)) return "AWS keeps names that begin or end like this for itself";
  return undefined;
}

/** The bucket of what the program takes for one: [s3://]NAME[/PREFIX]. */
export function bucketOf(text: string): string {
  return text.replace(/^s3:\/\//, "").replace(/\/.*$/, "");
}

/**
 * The name of a bucket to be made, given as the program takes it elsewhere: [s3://]NAME[/PREFIX].
 *
 * @throws UsageError where S3 has no such names
 */
export function parseBucket(text: string, source: string): string {
  const name = bucketOf(text);
  const problem = problemOfBucketName(name);
  if (problem === undefined) return name;
  throw new UsageError(`“${name}” can't be the name of an S3 bucket (${source}): ${problem}.`, {
    hint: "Choose another, such as nextstrain-jobs-<your lab>: it must be unique in the world.",
  });
}
