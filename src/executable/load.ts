import { pathToFileURL } from "node:url";
import { Script } from "node:vm";

/** Where files of the program find themselves: what `import.meta.url` was before they became CommonJS. */
const executableUrl = pathToFileURL(process.execPath).href;

type Load = (id: string) => unknown;
type Run = (module: object, exports: object, require: Load, executableUrl: string) => void;

/**
 * Compiles a file of the program, which is CommonJS.
 *
 * @param cachedData what V8 made of it before (`Script.createCachedData`); of no use to another V8, which then compiles all of it
 */
export function compile(name: string, source: string, cachedData?: Buffer): Script {
  const wrapped = `(function (module, exports, require, executableUrl) {${source}\n})`;
  return new Script(wrapped, { filename: name, cachedData });
}

/**
 * Makes what loads files of the program (`./main.js`) and modules of Node's (`node:fs`), each once, as `require` does.
 *
 * @param script gives a file's script by its name: `main.js`
 */
export function createLoad(script: (name: string) => Script): Load {
  const modules = new Map<string, { exports: unknown }>();
  return function load(id) {
    if (!id.startsWith("./")) return builtin(id);
    const before = modules.get(id);
    if (before) return before.exports;
    const module = { exports: {} };
    modules.set(id, module);
    const run: Run = script(id.slice("./".length)).runInThisContext();
    run(module, module.exports, load, executableUrl);
    return module.exports;
  };
}

function builtin(id: string): object {
  const module = process.getBuiltinModule(id);
  if (module === undefined) throw new Error(`The executable has no module ${id}.`);
  return module;
}
