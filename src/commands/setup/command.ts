import { Command } from "commander";
import type { Context } from "../../cli/context.ts";
import { setupAuspiceCommand } from "./auspice.ts";

/** `nextstrain setup`: makes a runtime, or AWS, ready for builds. */
export function setupCommand(context: Context): Command {
  const command = new Command("setup").summary("set up a runtime, AWS, or Auspice");
  for (const each of [setupAuspiceCommand]) command.addCommand(each(context));
  return command;
}
