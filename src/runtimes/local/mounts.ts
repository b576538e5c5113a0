import { stat } from "node:fs/promises";
import { UserError } from "../../errors.ts";
import { CONTAINER_BUILD, CONTAINER_ROOT } from "../../workflow/build-root.ts";
import type { LocalBuildRequest } from "../build-request.ts";

/** A directory of this computer, seen in a container. Both paths are absolute. */
export interface Mount {
  readonly source: string;
  readonly target: string;
}

/** Where a container finds the variables of a build (the image's own place for them). */
export const ENVD = `${CONTAINER_ROOT}/env.d`;

/** The build root, and the overlays over the image's copies. Throws UserError where an overlay is no directory. */
export async function buildMounts({ place, overlays }: LocalBuildRequest): Promise<readonly Mount[]> {
  for (const { name, directory } of overlays) {
    if ((await stat(directory).catch(() => undefined))?.isDirectory()) continue;
    throw new UserError(`There is no directory ${directory} (--${name}).`, {
      hint: `Name the directory that holds your copy of ${name}.`,
    });
  }
  return [
    { source: place.root, target: CONTAINER_BUILD },
    ...overlays.map(({ name, directory }) => ({ source: directory, target: `${CONTAINER_ROOT}/${name}` })),
  ];
}
