// `npm run executable`: the program as a single executable for Linux x64, with Node in it (Node's "single executable
// applications"), in executable/. It is made by that Node itself, so on Linux x64.
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build, transform } from "esbuild";
import { bundleOptions, shippedFiles } from "./bundle-options.mjs";
import { fetchNode } from "./executable-node.mjs";
import { bundledPackages, formatNotice } from "./notice.mjs";
import { projectDirectory } from "./program.mjs";

const directory = join(projectDirectory, "executable");
const parts = join(directory, "parts");
/** The program's files, nothing else. */
const program = join(parts, "program");

/**
 * Bundles the program as for dist/, but as CommonJS: the script of an executable can load no other modules.
 * @returns {Promise<string>} NOTICE
 */
async function bundleProgram() {
  const { outputFiles, metafile } = await build({
    ...bundleOptions,
    define: { ...bundleOptions.define, "import.meta.url": "executableUrl" },
    write: false,
  });
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      format: "cjs",
      platform: "node",
      target: bundleOptions.target,
      minifySyntax: true,
      minifyWhitespace: true,
      // import() becomes require().
      supported: { "dynamic-import": false },
    });
    await writeFile(join(program, basename(path)), code);
  }
  return formatNotice(await bundledPackages(projectDirectory, metafile));
}

/**
 * Bundles a script of src/executable/.
 * @param {string} name
 * @returns {Promise<string>} the bundle's path
 */
async function bundleScript(name) {
  const outfile = join(parts, `${name}.cjs`);
  const { absWorkingDir, target, logLevel } = bundleOptions;
  await build({
    ...{ absWorkingDir, target, logLevel, outfile },
    ...{ entryPoints: [`src/executable/${name}.ts`], bundle: true, format: "cjs", platform: "node" },
  });
  return outfile;
}

await rm(directory, { recursive: true, force: true });
await mkdir(program, { recursive: true });
const nodePackage = await fetchNode();
const node = join(nodePackage, "bin", "node");
const notice = await bundleProgram();
// It starts the program, whose output is of no interest.
execFileSync(node, [await bundleScript("compile-ahead"), program], {
  stdio: ["ignore", "ignore", "inherit"],
});
const files = [...(await readdir(program)).map((name) => join(program, name)), ...shippedFiles];
const configuration = join(parts, "configuration.json");
// https://nodejs.org/docs/latest-v26.x/api/single-executable-applications.html
await writeFile(
  configuration,
  JSON.stringify({
    main: await bundleScript("main"),
    output: join(directory, "nextstrain"),
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    assets: Object.fromEntries(files.map((file) => [basename(file), file])),
  }),
);
execFileSync(node, ["--build-sea", configuration], { stdio: "inherit" });
await rm(parts, { recursive: true });
await writeFile(join(directory, "NOTICE"), notice);
await copyFile(join(nodePackage, "LICENSE"), join(directory, "LICENSE-node"));
