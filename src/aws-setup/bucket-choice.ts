import { parseBucket, problemOfBucketName } from "./bucket-name.ts";
import type { Site } from "./site.ts";

/** Where the name of the bucket may come from, besides the person. */
interface Sources {
  readonly given: string | undefined;
  /** The stack's, where there is one. */
  readonly before: string | undefined;
  /** The environment's or the config file's. */
  readonly configured: string | undefined;
}

/** The bucket's name: as given, or as it is; else it is asked for, with a suggestion that is free most likely. */
export async function chooseBucket(
  { questions, context, services }: Site,
  { given, before, configured }: Sources,
): Promise<string> {
  const known = given ?? before;
  if (known !== undefined) return known;
  if (configured !== undefined) return parseBucket(configured, "from your settings");
  const suggestion = `nextstrain-jobs-${await services.existing.accountId()}`;
  if (questions.by === "person") {
    return questions.text(
      "Name of the S3 bucket for builds' files (unique in the world)",
      suggestion,
      problemOfBucketName,
    );
  }
  context.io.out(`S3 bucket: ${suggestion} (--s3-bucket names another).`);
  return suggestion;
}
