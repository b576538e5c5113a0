import { stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { selectNotes } from "./note-selection.ts";
import { compilePatterns } from "./patterns.ts";
import { refuseStrangeNames } from "./strange-names.ts";
import { isTemporaryName } from "./temporary.ts";
import type { SelectedFile, Selection, Verdict } from "./types.ts";
import { type Found, walk } from "./walk.ts";

/** A local copy of a program that replaces the image's (container contract: `../augur/` and the like). */
export interface Overlay {
  readonly name: "augur" | "auspice" | "fauna";
  /** Absolute path. */
  readonly directory: string;
}

export interface SelectionOptions {
  /** The user's patterns (see {@link compilePatterns}); a directory that one matches is excluded with all below. */
  readonly exclude: readonly string[];
  readonly overlays?: readonly Overlay[];
  readonly signal: AbortSignal;
}

/**
 * Selects what of a build root is uploaded, and of each overlay.
 *
 * Never uploaded, nor compared with what the job leaves: `.git/`, `.snakemake/` (but for Snakemake's notes on what is
 * uploaded: see {@link selectNotes}) and `__pycache__/` at any depth, `*.pyc`, our own temporary files. Never uploaded, but compared: what the user's patterns exclude, and
 * `environment*` at the top of the build root. Only there: a Conda environment beside the workflow is meant,
 * while Snakemake's `--use-conda` needs files such as `envs/environment.yml`.
 *
 * The user's patterns don't reach into overlays.
 *
 * @param root absolute path
 * @throws UserError naming what cannot be read, a name that is not UTF-8, all names with control characters, an overlay that is no directory;
 *   UsageError for a malformed pattern; the signal's reason
 */
export async function selectFiles(root: string, options: SelectionOptions): Promise<Selection> {
  const { signal } = options;
  const isExcluded = compilePatterns(options.exclude, { covers: "all" });
  const files: SelectedFile[] = [];
  const excluded: SelectedFile[] = [];
  const temporaries: string[] = [];
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const workdirs: string[] = [];

  await walk(root, {
    judge: (path, name, kind) => {
      if (name === ".snakemake" && kind === "directory") workdirs.push(path.slice(0, -name.length));
      if (isTemporaryName(name)) temporaries.push(join(root, path));
      if (isIgnored(name, kind)) return "ignore";
      if (path.startsWith("environment")) return "keep back";
      return isExcluded(kind === "directory" ? `${path}/` : path) ? "keep back" : "take";
    },
    take: (found) => files.push(selected(found, "")),
    keepBack: (found) => excluded.push(selected(found, "")),
    warn,
    signal,
  });
  const shipped = new Set(files.map(({ path }) => path));
  for (const note of await selectNotes(root, { workdirs, shipped, isExcluded, warn, signal })) {
    files.push(note.note ? { ...selected(note, ""), note: note.note } : selected(note, ""));
  }

  for (const { name, directory } of options.overlays ?? []) {
    const prefix = `../${name}`;
    // The image puts its own copy away only where the archive holds an entry for the directory itself.
    files.push(selected(await overlayRoot(name, directory), prefix));
    await walk(directory, {
      judge: (path, base, kind): Verdict =>
        isIgnored(base, kind) || path.startsWith("environment") ? "ignore" : "take",
      take: (found) => files.push(selected(found, `${prefix}/`)),
      keepBack: () => {},
      warn: (message) => warn(`${message} (in ${directory})`),
      signal,
    });
  }
  refuseStrangeNames(files);
  return { root, files: sortByPath(files), excluded: sortByPath(excluded), temporaries, warnings };
}

function isIgnored(name: string, kind: "file" | "directory"): boolean {
  if (name.endsWith(".pyc") || isTemporaryName(name)) return true;
  return kind === "directory" && (name === ".git" || name === ".snakemake" || name === "__pycache__");
}

function selected({ path, source, kind, stats, linkMtimeMs }: Found, prefix: string): SelectedFile {
  return {
    path: prefix + path,
    source,
    kind,
    size: kind === "file" ? stats.size : 0,
    mtimeMs: stats.mtimeMs,
    ctimeMs: stats.ctimeMs,
    ...(linkMtimeMs === undefined ? {} : { linkMtimeMs }),
    mode: stats.mode & 0o7777,
    ino: stats.ino,
    dev: stats.dev,
  };
}

async function overlayRoot(name: string, directory: string): Promise<Found> {
  const stats = await stat(directory).catch(() => undefined);
  if (!stats?.isDirectory()) {
    throw new UserError(`There is no directory ${directory} (--${name}).`, {
      hint: `Name the directory that holds your copy of ${name}, or leave the option out.`,
    });
  }
  return { path: "", source: directory, kind: "directory", stats };
}

/** In the byte order of UTF-8: that of code points, from which JavaScript's order differs beyond U+FFFF. */
function sortByPath(files: SelectedFile[]): SelectedFile[] {
  const plain = !files.some(({ path }) => /[\ud800-\udfff]/.test(path));
  return files.sort(
    plain
      ? (a, b) => (a.path < b.path ? -1 : 1)
      : (a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)),
  );
}
