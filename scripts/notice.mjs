// The licences of the packages that are bundled into the program.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * A package whose code is in the bundle.
 * @typedef {object} BundledPackage
 * @property {string} name
 * @property {string} version
 * @property {string} licence what its package.json states (an SPDX expression)
 * @property {string | undefined} author
 * @property {string[]} texts its files of licence, copyright and notice
 */

/**
 * Finds the packages whose code is in a bundle, by name.
 * @param {string} root the directory that the bundle's inputs are relative to
 * @param {Pick<import("esbuild").Metafile, "outputs">} metafile
 * @returns {Promise<BundledPackage[]>}
 * @throws where one has no licence
 */
export async function bundledPackages(root, metafile) {
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const directories = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  const packages = await Promise.all(
    [...new Set(directories)].map((directory) => readPackage(join(root, directory))),
  );
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * @param {string} directory
 * @returns {Promise<BundledPackage>}
 */
async function readPackage(directory) {
  const { name, version, license, author } = JSON.parse(
    await readFile(join(directory, "package.json"), "utf8"),
  );
  const files = (await readdir(directory)).filter((file) => /^(licen[cs]e|copying|notice)\b/i.test(file));
  if (typeof license !== "string" || license === "" || license === "UNLICENSED") {
    throw new Error(
      `${name} ${version} states no licence, so it can't be part of the bundle: ${directory}/package.json`,
    );
  }
  const texts = await Promise.all(files.sort().map((file) => readFile(join(directory, file), "utf8")));
  return {
    name,
    version,
    licence: license,
    author: typeof author === "object" ? author?.name : author,
    texts: texts.map((text) => text.replaceAll("\r\n", "\n").trim()),
  };
}

/**
 * Lists the packages and their licences; each text once, below all the packages that have it.
 * @param {readonly BundledPackage[]} packages
 */
export function formatNotice(packages) {
  /** @type {Map<string, BundledPackage[]>} */
  const byText = new Map();
  for (const each of packages) {
    const text = each.texts.length > 0 ? each.texts.join("\n\n") : standardText(each);
    byText.set(text, [...(byText.get(text) ?? []), each]);
  }
  const groups = [...byText].map(([text, group]) => {
    const list = group.map(({ name, version, licence }) => `${name} ${version} (${licence})`);
    return [...list, "", text].join("\n");
  });
  const heading = "The nextstrain program contains code of these packages, under their licences.";
  return `${[heading, ...groups].join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

/**
 * @param {BundledPackage} bundled one that comes without a text
 */
function standardText({ licence, author }) {
  const by = author ? `Copyright of ${author}. ` : "";
  return `${by}The package comes without the text of its licence: https://spdx.org/licenses/${licence}.html`;
}
