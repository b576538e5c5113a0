import { testEngine } from "./container-engine.ts";
import { testImage } from "./image.ts";

/** One of the ways in which local AWS runs a build's job. */
export interface Way {
  readonly name: string;
  /** Of `build`. */
  readonly options: readonly string[];
  /** Why that can't be tried here. */
  readonly skip?: string;
}

export const onBatch = ["--aws-batch", "--local-aws"];

/** As processes, and in containers of the test's image; and the variables by which the latter's engine is found. */
export async function waysToRun(): Promise<{
  readonly ways: readonly Way[];
  readonly env: NodeJS.ProcessEnv;
}> {
  const [image, engine] = await Promise.all([testImage(), testEngine()]);
  const containers =
    typeof image === "string"
      ? { options: [...onBatch, "--image", image] }
      : { options: [], skip: image.skip };
  return {
    ways: [
      { name: "as processes", options: onBatch },
      { name: "in containers", ...containers },
    ],
    env: "env" in engine ? engine.env : {},
  };
}
