import type { LocalBuildRequest } from "../../src/runtimes/build-request.ts";

/** A build of Snakemake in a directory, with nothing asked for; `over` says what is otherwise. */
export function buildRequest(root: string, over: Partial<LocalBuildRequest> = {}): LocalBuildRequest {
  return {
    place: { root, directory: root, subdirectory: "" },
    program: "snakemake",
    programArguments: [],
    cpus: undefined,
    memoryBytes: undefined,
    env: [],
    envdirs: [],
    overlays: [],
    image: undefined,
    dockerArgs: [],
    ...over,
  };
}
