import { Command } from "commander";
import type { Context } from "../../cli/context.ts";
import { UserError } from "../../errors.ts";
import { loadLocalRuntime, type RuntimeEntry, runtimes } from "../../runtimes/runtime.ts";
import type { CommandMaker } from "../index.ts";
import { addCommonOptions, type CommonOptions } from "./common.ts";

/** `nextstrain setup <runtime>` for each runtime of this computer. */
export const runtimeSetups: readonly CommandMaker[] = runtimes
  .filter(({ load }) => load !== undefined)
  .map((entry) => (context) => {
    const command = new Command(entry.name)
      .summary(`builds ${entry.help}`)
      .description(`Makes this computer ready for builds ${entry.help}.`);
    if (entry.oldName) command.alias(entry.oldName);
    addCommonOptions(command);
    return command.action(() => setUp(context, entry, command.optsWithGlobals<CommonOptions>()));
  });

async function setUp(context: Context, { name }: RuntimeEntry, given: CommonOptions): Promise<void> {
  const dryRun = given.dryRun === true;
  const force = given.force === true;
  const { openSettings } = await import("../../settings.ts");
  const settings = await openSettings(context);
  const { local } = await loadLocalRuntime(name);
  await local.setUp(context, settings, { dryRun, force });
  if (!dryRun) {
    const wrong = (await local.check(context, settings)).find(({ mark }) => mark === "wrong");
    if (wrong) throw new UserError(wrong.says, { hint: wrong.mend });
  }
  if (!given.setDefault) return;
  if (dryRun) context.io.out(`Would make ${name} the runtime of builds (runner in ${settings.file}).`);
  else {
    const { changeConfig } = await import("../../config-edit.ts");
    const file = await changeConfig(context, [{ section: "core", key: "runner", value: name }]);
    context.io.out(`Builds run with ${name} from now on, where no other runtime is named (${file}).`);
  }
}
