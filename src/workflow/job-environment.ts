import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { badVariableName, readEnvdir, type Variables } from "./envdir.ts";

/** Passed to the job where they are set here, unless the user says which variables to pass. */
export const WELL_KNOWN_VARIABLES: readonly string[] = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AUGUR_SEARCH_PATHS",
  "AUGUR_RECURSION_LIMIT",
  "AUGUR_MINIFY_JSON",
  "AUGUR_DEBUG",
  "AUGUR_PROFILE",
  "ID3C_URL",
  "ID3C_USERNAME",
  "ID3C_PASSWORD",
  "RETHINK_HOST",
  "RETHINK_AUTH_KEY",
];

export interface JobEnvironmentOptions {
  /** Each `--env`: `NAME=VALUE`, or `NAME` for the value it has here. */
  readonly env: readonly string[];
  /** Each `--envdir`. Where there are any, `NEXTSTRAIN_RUNTIME_ENVDIRS` doesn't count. */
  readonly envdirs: readonly string[];
  /** `NEXTSTRAIN_RUNTIME_ENVDIRS`: directories, separated by `:`. */
  readonly settings?: string | undefined;
  /** The environment of this program. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What relative directories are relative to. */
  readonly cwd: string;
}

export interface JobEnvironment {
  /** Null: the variable is unset in the job. */
  readonly variables: Variables;
  /** A sentence for each value that will not arrive as it is. Values, which may be secret, are not shown. */
  readonly warnings: readonly string[];
}

/**
 * The variables that a job gets from here: those of the envdirs, overruled by later envdirs and then by `--env`; where
 * neither is given, the {@link WELL_KNOWN_VARIABLES} that are set here.
 *
 * @throws UsageError for a name that no variable can have; UserError for an envdir that cannot be read
 */
export async function jobEnvironment(options: JobEnvironmentOptions): Promise<JobEnvironment> {
  const { env, environment, cwd } = options;
  const fromSettings = options.envdirs.length === 0;
  const envdirs = fromSettings
    ? (options.settings ?? "").split(":").filter((path) => path !== "")
    : options.envdirs;
  const source = fromSettings ? "from NEXTSTRAIN_RUNTIME_ENVDIRS" : "--envdir";
  const variables: Variables = new Map();

  if (env.length === 0 && envdirs.length === 0) {
    for (const name of WELL_KNOWN_VARIABLES) {
      const value = environment[name];
      if (value !== undefined) variables.set(name, value);
    }
  }
  for (const directory of envdirs) {
    for (const [name, value] of await readEnvdir(resolve(cwd, directory), source)) variables.set(name, value);
  }
  for (const setting of env) {
    const [, name = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(setting) ?? [];
    const reason = badVariableName(name) ?? (value?.includes("\0") ? "a value cannot hold a NUL" : undefined);
    if (reason) {
      const shown = `${name.replaceAll("\0", "\\0")}${value === undefined ? "" : "=…"}`;
      throw new UsageError(`“--env ${shown}” names no variable: ${reason}.`, {
        hint: "Write --env NAME=VALUE, or --env NAME for the value that NAME has here.",
      });
    }
    // An object has more names than its own: "constructor" is no variable.
    const here = Object.hasOwn(environment, name) ? environment[name] : undefined;
    variables.set(name, value ?? here ?? null);
  }
  return { variables, warnings: inexactValues(variables) };
}

/** Readers of an env.d strip blanks at the end of a value: some only these two characters, others any white space. */
function inexactValues(variables: Variables): string[] {
  return Array.from(variables)
    .filter(([, value]) => value !== null && /[^\S\n]$/.test(value))
    .map(([name]) => `The value of ${name} ends with blanks, which the job will not see.`);
}
