import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../errors.ts";

/** What is to be shown. Paths are absolute. */
export interface Showable {
  /** Directory of the dataset files (JSON). */
  readonly datasets: string;
  /** Directory of the narratives (Markdown). */
  readonly narratives: string;
  /** Path of the page to begin with (`/zika/tutorial`); undefined: whatever there is. */
  readonly page: string | undefined;
}

/** Auspice's own names for files that go with a dataset (its documentation, "Data formats"). */
const COMPANION = /_(tree|meta|tip-frequencies|root-sequence|measurements)$/;
/** Markdown files that are no narratives by convention. */
const NO_NARRATIVE = /^(readme|group-overview)\.md$/i;

/**
 * Finds what a directory, a dataset or a narrative has to show. A build directory keeps datasets in `auspice/` and
 * narratives in `narratives/`; others hold them themselves. Throws UserError where there is nothing.
 */
export async function findShowable(path: string): Promise<Showable> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new UserError(`There is no file or directory ${path}.`, {
      hint: "Name a build directory, a dataset (.json) or a narrative (.md).",
    });
  }
  return found.isDirectory() ? ofDirectory(path) : ofFile(path);
}

async function ofDirectory(directory: string): Promise<Showable> {
  const [auspice, narratives] = [join(directory, "auspice"), join(directory, "narratives")];
  const showable = {
    datasets: (await isDirectory(auspice)) ? auspice : directory,
    narratives: (await isDirectory(narratives)) ? narratives : directory,
    page: undefined,
  };
  if (!(await holdsSomething(showable))) {
    throw new UserError(`There is nothing to look at in ${directory}.`, {
      hint: "Datasets for Auspice are auspice/*.json: has the build made them? `nextstrain view <file>` shows a single one.",
    });
  }
  return showable;
}

async function ofFile(file: string): Promise<Showable> {
  const name = basename(file);
  const directory = dirname(file);
  const sibling = async (other: string) => {
    const path = join(dirname(directory), other);
    return (await isDirectory(path)) ? path : directory;
  };
  if (name.endsWith(".json")) {
    const narratives = basename(directory) === "auspice" ? await sibling("narratives") : directory;
    return { datasets: directory, narratives, page: pageOf(name) };
  }
  if (name.endsWith(".md") && !NO_NARRATIVE.test(name)) {
    const datasets = basename(directory) === "narratives" ? await sibling("auspice") : directory;
    return { datasets, narratives: directory, page: `/narratives${pageOf(name)}` };
  }
  throw new UserError(`${file} is neither a dataset (.json) nor a narrative (.md).`, {
    hint: "Name one of these, or a directory that holds some.",
  });
}

/** Where Auspice shows a file: its name, with slashes for underscores. */
function pageOf(name: string): string {
  const dataset = name.replace(/\.(json|md)$/, "").replace(COMPANION, "");
  return `/${dataset.split("_").map(encodeURIComponent).join("/")}`;
}

async function holdsSomething({ datasets, narratives }: Showable): Promise<boolean> {
  const [json, markdown] = await Promise.all([readdir(datasets), readdir(narratives)]);
  return (
    json.some((name) => name.endsWith(".json")) ||
    markdown.some((name) => name.endsWith(".md") && !NO_NARRATIVE.test(name))
  );
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
