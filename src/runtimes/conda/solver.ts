import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import unbzip2 from "unbzip2-stream";
import type { Context } from "../../cli/context.ts";
import { makeDirectory } from "../../cli/make-directory.ts";
import { findProgram } from "../../cli/programs.ts";
import { UserError } from "../../errors.ts";
import { PassingError, readUrl } from "../local/download.ts";
import type { CondaPlace } from "./place.ts";
import { findRecord } from "./repodata.ts";

/** The program that makes environments: micromamba, or a mamba or conda of the user's. */
export interface Solver {
  /** Absolute path. */
  readonly program: string;
  /** Micromamba keeps apart from the user's Conda; mamba and conda have the user's own settings. */
  readonly kind: "micromamba" | "conda";
  /** Whether this program fetched it, and cleans up after it. */
  readonly own: boolean;
}

/** Where micromamba is kept, with its packages while they are fetched. */
export function micromambaRoot({ directory }: CondaPlace): string {
  return join(directory, "micromamba");
}

/** The user's conda, mamba or micromamba. Throws UserError where the one that they named is not there. */
export async function givenSolver(context: Context, { program }: CondaPlace): Promise<Solver | undefined> {
  if (program === undefined) return undefined;
  const found = await findProgram(context, program.value);
  if (found === undefined) {
    throw new UserError(`There is no program ${program.value} (from ${program.source}).`, {
      hint: "Name a conda, mamba or micromamba, or unset it: then a micromamba is fetched.",
    });
  }
  const kind = basename(found).startsWith("micromamba") ? "micromamba" : "conda";
  return { program: found, kind, own: false };
}

/** Micromamba as this program keeps it; undefined where it is yet to be fetched. */
export async function ownSolver(place: CondaPlace): Promise<Solver | undefined> {
  const program = join(micromambaRoot(place), "bin", "micromamba");
  const isThere = (await stat(program).catch(() => undefined))?.isFile() ?? false;
  return isThere ? { program, kind: "micromamba", own: true } : undefined;
}

/** The URL of micromamba's package for a platform. */
export function micromambaUrl(
  { micromambaUrl: { value }, channelAlias }: CondaPlace,
  subdir: string,
): string {
  return new URL(value.replaceAll("{subdir}", subdir), channelAlias).href;
}

/**
 * Fetches micromamba: the package, checked by the SHA-256 that the channel's repodata has of it, and out of it the one
 * file. Throws UserError where the channel does not know the package, or where what comes is something else.
 */
export async function fetchMicromamba(context: Context, place: CondaPlace, subdir: string): Promise<Solver> {
  const url = micromambaUrl(place, subdir);
  const file = decodeURIComponent(basename(new URL(url).pathname));
  if (!file.endsWith(".tar.bz2")) {
    throw new UserError(`${url} (from ${place.micromambaUrl.source}) is no package of the kind .tar.bz2.`, {
      hint: "Name one that is, such as conda-forge/{subdir}/micromamba-1.5.8-0.tar.bz2.",
    });
  }
  const repodata = new URL("repodata.json", url).href;
  const record = await readUrl(context, repodata, (body) => findRecord(body, file));
  if (record?.sha256 === undefined) {
    throw new UserError(`${repodata} says nothing of ${file}, so it can't be checked.`, {
      hint: `Name a package that the channel has (now from ${place.micromambaUrl.source}).`,
    });
  }
  const { sha256 } = record;
  const program = join(micromambaRoot(place), "bin", "micromamba");
  const archive = `${program}.tar.bz2.new`;
  const extracted = `${program}.new`;
  await makeDirectory(dirname(program));
  try {
    await readUrl(context, url, async (body) => {
      await pipeline(body, createWriteStream(archive), { signal: context.signal });
      if ((await hashOf(archive)) !== sha256) {
        throw new PassingError("what came is not what the channel says that it should be (SHA-256)");
      }
    });
    if (!(await extractFile(archive, "bin/micromamba", extracted))) {
      throw new UserError(`There is no bin/micromamba in ${url}.`);
    }
    await chmod(extracted, 0o755);
    await rename(extracted, program);
  } finally {
    await Promise.all([rm(archive, { force: true }), rm(extracted, { force: true })]);
  }
  return { program, kind: "micromamba", own: true };
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** Takes one file out of a .tar.bz2; false where it isn't in there. */
async function extractFile(archive: string, name: string, target: string): Promise<boolean> {
  const entries = extract();
  const reading = pipeline(createReadStream(archive), unbzip2(), entries);
  // Where writing fails, the loop below ends with that, and nobody waits for this any more.
  reading.catch(() => undefined);
  let found = false;
  for await (const entry of entries) {
    if (entry.header.name === name && entry.header.type === "file") {
      await pipeline(entry, createWriteStream(target));
      found = true;
    } else entry.resume();
  }
  await reading;
  return found;
}
