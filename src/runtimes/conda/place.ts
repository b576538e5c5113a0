import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { requiredSetting, type SettingsReader, type Sourced } from "../../settings.ts";
import { runtimeDirectory } from "../local/directory.ts";

/** Where the runtime is kept, and what it is made of. */
export interface CondaPlace {
  /** `~/.nextstrain/runtimes/conda` */
  readonly directory: string;
  /** Where the environment is: a link to that in use, or a directory that the Python program made. */
  readonly env: string;
  /** Conda's names of the platforms whose programs run here, the best first. */
  readonly subdirs: readonly [string, ...string[]];
  /** Conda, mamba or micromamba, where the user named one. */
  readonly program: Sourced<string> | undefined;
  /** Where channels are that have only a name; ends with a slash. */
  readonly channelAlias: string;
  /** URL of the channel with the base package. */
  readonly channel: string;
  /** A package's name, or with version and build after blanks. */
  readonly basePackage: string;
  /** The package that micromamba is taken from, with `{subdir}` in it. */
  readonly micromambaUrl: Sourced<string>;
}

/** Reads the settings of the runtime. Throws UserError on a system for which there are no packages. */
export function condaPlace(context: Context, settings: SettingsReader): CondaPlace {
  const directory = runtimeDirectory(context, settings, "conda");
  const required = (name: Parameters<typeof requiredSetting>[1]) =>
    requiredSetting(settings, name, undefined);
  const channelAlias = `${required("condaChannelAlias").value.replace(/\/+$/, "")}/`;
  const chosen = settings.get("condaSubdir", undefined)?.value;
  return {
    directory,
    env: join(directory, "env"),
    subdirs: chosen ? [chosen] : subdirsOf(process.platform, process.arch),
    program: settings.get("condaProgram", undefined),
    channelAlias,
    channel: channelUrl(required("condaChannel").value, channelAlias),
    basePackage: required("condaBasePackage").value.trim(),
    micromambaUrl: required("condaMicromambaUrl"),
  };
}

/** The URL of a channel that may be given by name. */
export function channelUrl(channel: string, alias: string): string {
  return /^[a-z]+:\/\//i.test(channel) ? channel.replace(/\/+$/, "") : `${alias}${channel}`;
}

/** Conda's names for a platform, as Node names it. Throws UserError where there is none. */
export function subdirsOf(platform: string, arch: string): readonly [string, ...string[]] {
  if (platform === "linux" && arch === "x64") return ["linux-64"];
  if (platform === "linux" && arch === "arm64") return ["linux-aarch64"];
  if (platform === "darwin" && arch === "x64") return ["osx-64"];
  // Macs of today run programs of yesterday's, too (Rosetta 2).
  if (platform === "darwin" && arch === "arm64") return ["osx-arm64", "osx-64"];
  throw new UserError(`There are no Conda packages of Nextstrain for this computer (${platform} ${arch}).`, {
    hint: "Use another runtime: `nextstrain check-setup` shows what works here.",
  });
}

/** The environment in use: the absolute path of its own directory; undefined where there is none. */
export async function environmentInUse({ env }: CondaPlace): Promise<string | undefined> {
  const prefix = await realpath(env).catch(() => undefined);
  const isThere = prefix && (await stat(join(prefix, "bin", "snakemake")).catch(() => undefined));
  return isThere ? prefix : undefined;
}

/** A package that is installed in an environment. */
export interface InstalledPackage {
  readonly version: string;
  readonly build: string;
  readonly channel: string;
  /** Milliseconds since 1970. */
  readonly installedAt: number;
}

/** Looks a package up among an environment's own records (`conda-meta/NAME-VERSION-BUILD.json`). */
export async function installedPackage(prefix: string, name: string): Promise<InstalledPackage | undefined> {
  const records = join(prefix, "conda-meta");
  const names = await readdir(records).catch(() => []);
  const found = names.find((file) => file.replace(/-[^-]+-[^-]+\.json$/, "") === name);
  if (found === undefined) return undefined;
  const path = join(records, found);
  const record = JSON.parse(await readFile(path, "utf8")) as Partial<Record<string, unknown>>;
  const text = (key: string) => (typeof record[key] === "string" ? record[key] : "unknown");
  const { mtimeMs } = await stat(path);
  return {
    version: text("version"),
    build: text("build"),
    channel: text("channel"),
    installedAt: mtimeMs,
  };
}
