import { rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Context } from "../../cli/context.ts";
import { makeDirectory } from "../../cli/make-directory.ts";
import { UserError } from "../../errors.ts";
import type { Sourced } from "../../settings.ts";
import { parseImage } from "../../workflow/image.ts";
import { lockRuntime } from "../local/directory.ts";
import { mustSucceed } from "../local/work.ts";
import type { Engine } from "./engine.ts";
import { engineEnvironment } from "./run-arguments.ts";

/** The image of the runtime. */
export interface Image {
  /** As the user wrote it. */
  readonly name: string;
  /** What it is made from: `docker://nextstrain/base`; undefined where it is a file of the user's. */
  readonly source: string | undefined;
  /** Its name as Docker has it, for what is known of images by that. */
  readonly dockerName: string;
  /** Absolute path of the file that holds it. */
  readonly file: string;
}

/**
 * What an image's name means: a file of the user's, or an image of Docker's kind, with or without `docker://`, that is kept
 * as `images/<repository>/<tag>.sif` below the runtime's directory. Throws UserError for any other kind.
 */
export function imageOf(
  { cwd }: Pick<Context, "cwd">,
  directory: string,
  { value: name, source }: Sourced<string>,
): Image {
  if (/^[./]|\.sif$/.test(name)) {
    return { name, source: undefined, dockerName: name, file: resolve(cwd, name) };
  }
  const [, scheme = "docker", dockerName = name] = /^(\w+):\/\/(.*)$/.exec(name) ?? [];
  const { repository, tag } = parseImage(dockerName);
  const digest = dockerName.split("@")[1];
  const parts = [...repository.split("/"), digest?.replace(":", "-") ?? tag];
  if (scheme !== "docker" || parts.some((part) => part === "" || part === "." || part === "..")) {
    throw new UserError(`${name} (from ${source}) is no image that the singularity runtime knows.`, {
      hint: "Write docker://NAME[:TAG], or the path of a .sif file.",
    });
  }
  return {
    name,
    source: `docker://${dockerName}`,
    dockerName,
    file: `${join(directory, "images", ...parts)}.sif`,
  };
}

/** When the image's file was made, in milliseconds since 1970; undefined where there is none. */
export async function madeAt({ file }: Image): Promise<number | undefined> {
  return (await stat(file).catch(() => undefined))?.mtimeMs;
}

/**
 * Makes the image's file anew: it has its name only once it is whole. Throws UserError where that fails, or where another
 * process is at it.
 */
export async function makeImage(
  context: Context,
  engine: Engine,
  directory: string,
  { name, source, file }: Image,
): Promise<void> {
  if (source === undefined) {
    throw new UserError(`There is no file ${file} (the image ${name}).`, {
      hint: "Name a .sif file that is there, or write docker://NAME[:TAG].",
    });
  }
  await using _ = await lockRuntime(directory);
  await makeDirectory(dirname(file));
  const temporary = `${file.replace(/\.sif$/, "")}.new.sif`;
  try {
    const command = {
      program: engine.program,
      args: ["build", "--force", temporary, source],
      env: engineEnvironment(engine, context.env, { variables: new Map(), cache: join(directory, "cache") }),
    };
    await mustSucceed(
      context,
      command,
      () =>
        new UserError(
          `The image ${source} could not be fetched and converted: see above for what ${engine.kind} says.`,
          { hint: "Check the image's name, the network and the disk's space, then try again." },
        ),
    );
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true, recursive: true });
    // Layers that were fetched: several GiB which nothing needs any more.
    await rm(join(directory, "cache"), { force: true, recursive: true });
  }
}

/** Removes the file of an image that builds no longer use, if there is one. (What runs in it has it open, and keeps it.) */
export async function removeImage(context: Pick<Context, "io">, image: Image): Promise<void> {
  if ((await madeAt(image)) === undefined) return;
  await rm(image.file, { force: true });
  context.io.out(`Removed the image ${image.name}.`);
}
