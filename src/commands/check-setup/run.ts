import { parseEncryption } from "../../aws/encryption.ts";
import type { Finding } from "../../checks/finding.ts";
import type { Context } from "../../cli/context.ts";
import { changeConfig } from "../../config-edit.ts";
import { UsageError } from "../../errors.ts";
import { findRuntime, type RuntimeEntry, runtimes } from "../../runtimes/runtime.ts";
import { openSettings, requiredSetting, type SettingsReader } from "../../settings.ts";
import { parseCpus, parseMemory } from "../../workflow/quantity.ts";
import { accountOptions } from "../build/account-options.ts";
import type { CheckSetupOptions } from "./options.ts";
import { type CheckedRuntime, reportAsJson, reportRuntime, works } from "./render.ts";

/**
 * Carries out `nextstrain check-setup`; returns the exit status: 1 where a runtime that was named doesn't work, or none
 * does. Throws UsageError.
 */
export async function checkSetup(
  context: Context,
  names: readonly string[],
  options: CheckSetupOptions,
): Promise<number> {
  const { io } = context;
  const settings = await openSettings(context);
  const entries = chosen(names);
  const checked: CheckedRuntime[] = [];
  for (const entry of entries) {
    const findings = await check(context, entry, settings, options);
    const runtime = { name: entry.name, findings };
    checked.push(runtime);
    if (!options.json) {
      if (checked.length > 1) io.out("");
      reportRuntime(io, runtime);
    }
  }
  const first = checked.find(works);
  const file =
    options.setDefault && first
      ? await changeConfig(context, [{ section: "core", key: "runner", value: first.name }])
      : undefined;
  if (options.json) reportAsJson(io, checked, { defaultSet: file && first?.name });
  else if (options.setDefault) {
    io.out("");
    io.out(
      first
        ? `Builds run with ${first.name} from now on (core.runner in ${file}).`
        : "None of them works: the default stays as it is.",
    );
  }
  if (options.setDefault && first === undefined) return 1;
  const isWrong = ({ findings }: CheckedRuntime) => findings.some(({ mark }) => mark === "wrong");
  return (names.length > 0 ? checked.some(isWrong) : first === undefined) ? 1 : 0;
}

/**
 * The runtimes named, each once; all where none is named. Those of this computer come first then, as in the Python program:
 * with --set-default, what costs money is not to be the default unasked.
 */
function chosen(names: readonly string[]): readonly RuntimeEntry[] {
  if (names.length === 0) {
    return [...runtimes.filter(({ load }) => load), ...runtimes.filter(({ load }) => !load)];
  }
  const found = names.map((given) => {
    const entry = findRuntime(given);
    if (entry === undefined) {
      throw new UsageError(`There is no runtime "${given}".`, {
        hint: `There are ${runtimes.map((one) => one.name).join(", ")}.`,
      });
    }
    return entry;
  });
  return [...new Set(found)];
}

async function check(
  context: Context,
  { load }: RuntimeEntry,
  settings: SettingsReader,
  options: CheckSetupOptions,
): Promise<readonly Finding[]> {
  if (load !== undefined) return await (await load()).check(context, settings);
  const { checkAwsBatch } = await import("../../runtimes/aws-batch/check.ts");
  const cpus = settings.get("awsBatchCpus", undefined);
  const memory = settings.get("awsBatchMemory", undefined);
  return await checkAwsBatch(context, {
    localAws: options.localAws === true,
    runJob: options.runJob === true,
    job: requiredSetting(settings, "awsBatchJob", options.awsBatchJob),
    queue: requiredSetting(settings, "awsBatchQueue", options.awsBatchQueue),
    bucket: requiredSetting(settings, "awsBatchS3Bucket", options.awsBatchS3Bucket),
    ...accountOptions(settings, options),
    encryption: parseEncryption(
      settings.get("awsBatchSse", undefined),
      settings.get("awsBatchKmsKeyId", undefined),
    ),
    cpus: cpus && parseCpus(cpus.value, cpus.source),
    memoryMib: memory && Math.floor(parseMemory(memory.value, memory.source, "mib") / 1024 ** 2),
  });
}
