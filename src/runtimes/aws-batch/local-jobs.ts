import { howJobsRun } from "../../aws/local-aws.ts";
import type { HowJobsRun } from "../../aws/local-aws-control.ts";
import type { Context } from "../../cli/context.ts";

/** Says once how local AWS runs jobs in the image: in it, or without it and why. Returns which of the two. */
export async function tellHowJobsRun(context: Context, image: string): Promise<HowJobsRun["by"] | undefined> {
  const how = await howJobsRun(context, image);
  if (how?.isNews) context.io.out(describe(how));
  return how?.by;
}

function describe({ by, detail }: HowJobsRun): string {
  return by === "containers"
    ? `Local AWS runs this job in its image, by ${detail}`
    : `Local AWS runs this job without its image, as processes of this computer: ${detail}`;
}
