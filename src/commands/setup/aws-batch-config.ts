import { formatTagList, joinTags, parseTagList, type Tags } from "../../aws/tags.ts";
import { bucketOf } from "../../aws-setup/bucket-name.ts";
import type { Names } from "../../aws-setup/index.ts";
import type { Context } from "../../cli/context.ts";
import { type ConfigChange, changeConfig } from "../../config-edit.ts";
import { openSettings, type SettingName, type SettingsReader, settings } from "../../settings.ts";

/** The settings that name a set-up's parts. */
const NAMES = {
  awsBatchS3Bucket: "bucket",
  awsBatchQueue: "queue",
  awsBatchJob: "job",
} as const satisfies Partial<Record<SettingName, keyof Names>>;

/** Writes into the config file what builds are to use, where it isn't what they would use anyway. */
export async function rememberNames(
  context: Context,
  {
    names,
    tags,
    setDefault,
  }: { readonly names: Names | undefined; readonly tags: Tags; readonly setDefault: boolean },
): Promise<void> {
  const file = await openFile(context);
  const changes = [...(names === undefined ? [] : changesFor(file, names)), ...tagChanges(file, tags)];
  if (setDefault) changes.push(change("runner", "aws-batch"));
  if (changes.length > 0) {
    const path = await changeConfig(context, changes);
    for (const { section, key, value } of changes) {
      context.io.out(`${path}: [${section}] ${key} = ${value}`);
    }
  }
  if (names !== undefined) warnOfEnvironment(context, names);
}

/** The file alone: what the environment says holds for this shell only. */
function openFile(context: Context): Promise<SettingsReader> {
  const { NEXTSTRAIN_CONFIG, NEXTSTRAIN_HOME } = context.env;
  return openSettings({ ...context, env: { NEXTSTRAIN_CONFIG, NEXTSTRAIN_HOME } });
}

/** Jobs get the tags of the set-up, besides those that they had. */
function tagChanges(file: SettingsReader, tags: Tags): ConfigChange[] {
  const now = file.get("awsBatchTags", undefined);
  const before = now === undefined ? {} : parseTagList(now);
  const list = formatTagList(joinTags(before, tags));
  return list === formatTagList(before) ? [] : [change("awsBatchTags", list)];
}

function changesFor(file: SettingsReader, names: Names): ConfigChange[] {
  return entriesOf(NAMES).flatMap(([setting, part]) => {
    const now = file.get(setting, undefined)?.value;
    // A bucket may stand there as a URL, or with a prefix. Other names have no slash.
    return now !== undefined && bucketOf(now) === names[part] ? [] : [change(setting, names[part])];
  });
}

function warnOfEnvironment({ env, io }: Context, names: Names): void {
  for (const [setting, part] of entriesOf(NAMES)) {
    const { environment } = settings[setting];
    const value = env[environment];
    if (value && bucketOf(value) !== names[part]) {
      io.warn(`${environment} is ${value} in this shell, and goes before the config file: builds use that.`);
    }
  }
}

function change(setting: keyof typeof NAMES | "runner" | "awsBatchTags", value: string): ConfigChange {
  const [section, key] = settings[setting].config;
  return { section, key, value };
}

function entriesOf<Key extends string, Value>(table: Readonly<Record<Key, Value>>): [Key, Value][] {
  return Object.entries(table) as [Key, Value][];
}
