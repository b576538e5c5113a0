import { Command } from "commander";
import type { CommandMaker } from "../../cli/command-maker.ts";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { loadLocalRuntime, type RuntimeEntry, runtimes } from "../../runtimes/runtime.ts";
import { type Setting, settings } from "../../settings.ts";
import { addCommonOptions, type CommonOptions } from "./common.ts";

/** `nextstrain setup <runtime>` for each runtime of this computer. */
export const runtimeSetups: readonly CommandMaker[] = runtimes
  .filter(({ load }) => load !== undefined)
  .map((entry) => (context) => {
    const command = new Command(entry.name)
      .summary(`builds ${entry.help}`)
      .description(`Set this computer up for builds ${entry.help}.`);
    if (entry.oldName) command.alias(entry.oldName);
    addCommonOptions(command);
    command.addHelpText("after", () => describeSettings(command, entry));
    return command.action(() => setUp(context, entry, command.optsWithGlobals<CommonOptions>()));
  });

/** Where what can be set of a runtime is set, for its help. */
function describeSettings(command: Command, { imageSetting, settings: others = [] }: RuntimeEntry): string {
  const names = [...(imageSetting ? [imageSetting] : []), ...others];
  if (names.length === 0) return "";
  const lines = names.flatMap((name) => {
    const { environment, config, help, default: fallback, otherwise }: Setting = settings[name];
    const sources = [environment, config && `config ${config.join(".")}`].filter((source) => source);
    const text = command.createHelp().boxWrap(`${help} (default: ${fallback ?? otherwise})`, 74);
    return [`  ${sources.join(", ")}`, ...text.split("\n").map((line) => `      ${line}`)];
  });
  return ["", "Settings, from the environment or the config file:", ...lines].join("\n");
}

async function setUp(context: Context, { name }: RuntimeEntry, given: CommonOptions): Promise<void> {
  const dryRun = given.dryRun === true;
  const force = given.force === true;
  const { openSettings } = await import("../../settings.ts");
  const reader = await openSettings(context);
  const { local } = await loadLocalRuntime(name);
  await local.setUp(context, reader, { dryRun, force });
  if (!dryRun) {
    const wrong = (await local.check(context, reader)).find(({ mark }) => mark === "wrong");
    if (wrong) throw new UserError(wrong.says, { hint: wrong.mend });
  }
  if (!given.setDefault) return;
  if (dryRun) context.io.out(`Would make ${name} the runtime of builds (runner in ${reader.file}).`);
  else {
    const { changeConfig } = await import("../../config-edit.ts");
    const file = await changeConfig(context, [{ section: "core", key: "runner", value: name }]);
    context.io.out(`Builds run with ${name} from now on, where no other runtime is named (${file}).`);
  }
}
