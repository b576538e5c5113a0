import { stat } from "node:fs/promises";
import { UserError } from "../../errors.ts";
import type { LocalBuildRequest } from "../runtime.ts";

/** A directory of this computer, seen in a container. Both paths are absolute. */
export interface Mount {
  readonly source: string;
  readonly target: string;
}

/** Where the image has its programs and, in `build/`, the build root. */
const NEXTSTRAIN = "/nextstrain";

/** Where a container finds the variables of a build (the image's own place for them). */
export const ENVD = `${NEXTSTRAIN}/env.d`;

/** The build root, and the overlays over the image's copies. Throws UserError where an overlay is no directory. */
export async function buildMounts({ place, overlays }: LocalBuildRequest): Promise<readonly Mount[]> {
  for (const { name, directory } of overlays) {
    if ((await stat(directory).catch(() => undefined))?.isDirectory()) continue;
    throw new UserError(`There is no directory ${directory} (--${name}).`, {
      hint: `Name the directory that holds your copy of ${name}.`,
    });
  }
  return [
    { source: place.root, target: `${NEXTSTRAIN}/build` },
    ...overlays.map(({ name, directory }) => ({ source: directory, target: `${NEXTSTRAIN}/${name}` })),
  ];
}

/** Where in the container the build's program starts. */
export function containerDirectory({ place }: LocalBuildRequest): string {
  return place.subdirectory ? `${NEXTSTRAIN}/build/${place.subdirectory}` : `${NEXTSTRAIN}/build`;
}
