import { join } from "node:path";

const containerHome = "/nextstrain";

/** A path of the container as it is on this computer, `home` being the job's `/nextstrain`. */
export function mapPath(path: string, home: string): string {
  return path === containerHome || path.startsWith(`${containerHome}/`)
    ? join(home, path.slice(containerHome.length))
    : path;
}

/**
 * A command as it is to be run. Where `/nextstrain` is elsewhere, `env --chdir <directory> --` within it goes there; without
 * `--chdir`, which `env` lacks on macOS.
 */
export function inside(command: readonly string[], home: string): readonly string[] {
  const at = command.findIndex((word, index) => {
    return word === "env" && command[index + 1] === "--chdir" && command[index + 3] === "--";
  });
  const directory = command[at + 2];
  if (home === containerHome || at < 0 || directory === undefined) return command;
  const enter = ["sh", "-c", 'cd "$0" && exec "$@"', mapPath(directory, home)];
  return [...command.slice(0, at), ...enter, ...command.slice(at + 4)];
}
