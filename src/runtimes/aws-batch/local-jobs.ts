import type { Aws } from "../../aws/clients.ts";
import type { HowJobsRun } from "../../aws/local-aws-control.ts";
import type { Context } from "../../cli/context.ts";

/**
 * Says once how local AWS runs jobs in the image: in it, or without it and why. Returns which of the two; undefined where it does
 * not say, and in an account.
 */
export async function tellHowJobsRun(
  context: Context,
  { local }: Aws,
  image: string,
): Promise<HowJobsRun["by"] | undefined> {
  const how = await local?.howJobsRun(image);
  if (how?.isNews) context.io.out(describe(how));
  if (how?.isNews && !how.isApart) {
    context.io.out(
      "Such a job can read your files and see your processes: nothing on this computer keeps it apart.",
    );
  }
  return how?.by;
}

function describe({ by, detail }: HowJobsRun): string {
  return by === "containers"
    ? `Local AWS runs this job in its image, by ${detail}`
    : `Local AWS runs this job without its image, as processes of this computer: ${detail}`;
}
