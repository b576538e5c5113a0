import { join } from "node:path";

const containerHome = "/nextstrain";

/** A path of the container as it is on this computer, `home` being the job's `/nextstrain`. */
export function mapPath(path: string, home: string): string {
  return path === containerHome || path.startsWith(`${containerHome}/`)
    ? join(home, path.slice(containerHome.length))
    : path;
}

/**
 * A command as it is to be run. Where `/nextstrain` is elsewhere, the prefix `env --chdir <directory> --` is
 * interpreted here, since `env` itself would look for the container's directory (and has no `--chdir` on macOS).
 */
export function inside(
  command: readonly string[],
  home: string,
): { readonly command: readonly string[]; readonly cwd?: string } {
  const [env, option, directory, end, ...rest] = command;
  if (home === containerHome || env !== "env" || option !== "--chdir" || end !== "--") return { command };
  if (directory === undefined || rest.length === 0) return { command };
  return { command: rest, cwd: mapPath(directory, home) };
}
