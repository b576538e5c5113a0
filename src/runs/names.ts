import { isUnusual, withControlsShown } from "../cli/control-characters.ts";

/** A component may hold 255 bytes on the file systems we know; a path may hold 4,096 (PATH_MAX). */
const LONGEST_COMPONENT = 255;
const LONGEST_PATH = 4096;

// C0, DEL and C1: a terminal would obey them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
// Components that are empty, "." or ".."; a leading "/" makes an empty first component.
const STRANGE_COMPONENT = /(?:^|\/)(?:\.{0,2})(?:\/|$)/;

/**
 * Why a path from an archive, which may be hostile, must never become a path on this computer; undefined where it may.
 * Relative paths with `/` between plain components pass.
 */
export function unsafeName(path: string): string | undefined {
  return CONTROL.test(path) ? "it holds control characters" : impossibleName(path);
}

/**
 * Why a path can't be that of a file that lay below a directory and was uploaded; undefined where it can: such names may
 * hold control characters (macOS has files called "Icon\r").
 */
export function impossibleName(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (path.includes("\0")) return "it holds a NUL";
  if (STRANGE_COMPONENT.test(path)) {
    if (path.startsWith("/")) return "it is an absolute path";
    return path.split("/").includes("..") ? 'it holds ".."' : 'it holds an empty or "." component';
  }
  if (path.length * 3 > LONGEST_COMPONENT) {
    if (Buffer.byteLength(path) >= LONGEST_PATH) return "it is too long";
    if (path.split("/").some((name) => Buffer.byteLength(name) > LONGEST_COMPONENT)) return "it is too long";
  }
  return undefined;
}

/** Whether a path is an overlay's (`../augur/…`), which we upload ourselves and never take back. */
export function isOverlayPath(path: string): boolean {
  const [up, overlay, ...rest] = path.split("/");
  return (
    up === ".." &&
    (overlay === "augur" || overlay === "auspice" || overlay === "fauna") &&
    (rest.length === 0 || impossibleName(rest.join("/")) === undefined)
  );
}

/** A name as it can be shown on a terminal: quoted and escaped where it holds anything unusual, cut where long. */
export function quoteName(path: string): string {
  const shown = path.length > 200 ? `${path.slice(0, 197)}…` : path;
  if (!isUnusual(shown) && shown !== "") return `'${shown}'`;
  // What JSON leaves as it is: DEL, C1, and what turns the order of text around.
  return withControlsShown(JSON.stringify(shown), { keepColours: false });
}

/** The same in a list: not quoted, nor cut, where it is nothing unusual. */
export function listedName(path: string): string {
  return isUnusual(path) ? quoteName(path) : path;
}
