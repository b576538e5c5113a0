import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { parseImage } from "../../workflow/image.ts";
import { ask } from "../local/ask.ts";
import { mustSucceed } from "../local/work.ts";
import type { Engine } from "./engine.ts";

/** An image that the engine has. */
export interface LocalImage {
  readonly id: string;
  /** When it was made, in milliseconds since 1970; undefined where it doesn't say. */
  readonly createdAt: number | undefined;
}

/** The image, where the engine has it. */
export async function findImage(
  context: Context,
  { program }: Engine,
  image: string,
): Promise<LocalImage | undefined> {
  const answer = await ask(context, {
    program,
    args: ["image", "inspect", "--format", "{{.Id}} {{json .Created}}", image],
    env: context.env,
  });
  if (!answer.ok) return undefined;
  const [id = "", created = ""] = answer.out.trim().split(" ");
  const createdAt = Date.parse(created.replaceAll('"', ""));
  return { id, createdAt: createdAt > 0 ? createdAt : undefined };
}

/**
 * The name by which the engine is to be asked for an image. To Docker a name without a registry is one of Docker Hub; Podman
 * would ask which registry is meant, or know none.
 */
export async function nameFor(context: Context, engine: Engine, image: string): Promise<string> {
  const [first = "", ...rest] = parseImage(image).repository.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  if (engine.kind === "docker" || hasRegistry || (await findImage(context, engine, image))) return image;
  return `docker.io/${rest.length === 0 ? "library/" : ""}${image}`;
}

/** Fetches an image, showing the engine's own progress. Throws UserError where that fails. */
export async function pullImage(context: Context, engine: Engine, image: string): Promise<void> {
  const command = { program: engine.program, args: ["pull", image], env: context.env };
  await mustSucceed(
    context,
    command,
    () =>
      new UserError(`The image ${image} could not be fetched: see above for what ${engine.kind} says.`, {
        hint: "Check the image's name and the network, then try again.",
      }),
  );
}

/** Removes an image that a newer one has taken the name of, unless something else still needs it. */
export async function removeSuperseded(context: Context, { program }: Engine, id: string): Promise<void> {
  const tags = await ask(context, {
    program,
    args: ["image", "inspect", "--format", "{{json .RepoTags}}", id],
    env: context.env,
  });
  if (!tags.ok || !/^(null|\[\])$/.test(tags.out.trim())) return;
  await ask(context, { program, args: ["image", "rm", id], env: context.env });
}

/** Removes an image that builds no longer use, by its name; says so where the engine won't, such as for a build that runs in it. */
export async function removeReplaced(context: Context, engine: Engine, image: string): Promise<void> {
  if ((await findImage(context, engine, image)) === undefined) return;
  const { program } = engine;
  const removed = await ask(context, { program, args: ["image", "rm", image], env: context.env });
  context.io.out(
    removed.ok
      ? `Removed the image ${image}.`
      : `The image ${image}, which builds no longer use, stays: ${removed.reason}.`,
  );
}
