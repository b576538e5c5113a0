import type { Engine } from "./engine.ts";

/** The name by which the engine can pull the image: without a registry it is Docker Hub's, which podman must be told. */
export function pullName({ isPodman }: Pick<Engine, "isPodman">, image: string): string {
  if (!isPodman) return image;
  const [first = "", ...rest] = image.split("/");
  if (rest.length === 0) return `docker.io/library/${image}`;
  return /[.:]/.test(first) || first === "localhost" ? image : `docker.io/${image}`;
}
