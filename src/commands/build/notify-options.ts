import type { Command } from "commander";
import { UsageError } from "../../errors.ts";
import type { NotifyOptions } from "../../runtimes/aws-batch/options.ts";
import { isGiven, requiredSetting, type SettingsReader, settings } from "../../settings.ts";
import { settingOption } from "./options.ts";
import { parseSwitch } from "./switch.ts";

export interface NotifyFlags {
  readonly notify?: true;
  readonly notifyCommand?: string;
}

/** Gives a command the options that say how the user hears that a job is over. */
export function addNotifyOptions(command: Command): Command {
  return command
    .addOption(settingOption(settings.awsBatchNotify))
    .addOption(settingOption(settings.awsBatchNotifyCommand));
}

/** A command notifies by itself, unless notifications are switched off where it isn't an option. Throws UsageError. */
export function notifyOptions(reader: SettingsReader, flags: NotifyFlags): NotifyOptions | undefined {
  const command = reader.get("awsBatchNotifyCommand", flags.notifyCommand);
  if (command?.value.trim() === "") {
    throw new UsageError(`The command to notify you with (from ${command.source}) is empty.`, {
      hint: "Name a command, or use --notify.",
    });
  }
  const notify = requiredSetting(reader, "awsBatchNotify", flags.notify && "on");
  const isOn = parseSwitch(notify);
  const isWanted =
    isGiven(notify) && flags.notifyCommand === undefined ? isOn : isOn || command !== undefined;
  if (!isWanted) return undefined;
  return command === undefined ? { kind: "desktop" } : { kind: "command", command: command.value };
}
