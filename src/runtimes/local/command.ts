/** A program to be run. */
export interface Command {
  /** A name on the PATH of `env`, or an absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where it runs; undefined: where this program does. */
  readonly cwd?: string | undefined;
}
