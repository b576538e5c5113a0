import { Command } from "commander";
import type { Outcome } from "../../cli/command-maker.ts";
import type { Context } from "../../cli/context.ts";
import { runtimes } from "../../runtimes/runtime.ts";
import { settings } from "../../settings.ts";
import { settingOption, tagOption } from "../build/options.ts";
import type { CheckSetupOptions } from "./options.ts";

/** `nextstrain check-setup`: what works, what doesn't, and what to do about it. */
export function checkSetupCommand(context: Context, outcome: Outcome): Command {
  const command = new Command("check-setup")
    .summary("report what works and how to fix the rest")
    .description(
      "Check the runtimes that builds can run in, and report how to fix problems.\n" +
        "  ✔  OK\n" +
        "  ✘  builds fail\n" +
        "  ⚑  builds work, but at a cost or a risk\n" +
        "  ?  unknown: you lack a permission, or AWS did not respond",
    )
    .argument("[runtime...]", `${runtimes.map(({ name }) => name).join(", ")} (default: all, aws-batch last)`)
    .option("--set-default", "use the first runtime that works for future builds")
    .option("--json", "print JSON");
  command.optionsGroup("AWS Batch:");
  for (const name of [
    ...(["awsBatchJob", "awsBatchQueue", "awsBatchS3Bucket"] as const),
    ...(["awsBatchShare", "awsBatchPriority"] as const),
  ]) {
    command.addOption(settingOption(settings[name]));
  }
  command.addOption(tagOption());
  command.option("--run-job", "also run a small job (costs little)");
  command.option("--local-aws", "check the AWS emulator on this computer");
  command.addHelpText("after", NOTES);
  return command.action(async (names: string[], options: CheckSetupOptions) => {
    const { checkSetup } = await import("./run.ts");
    outcome.exitStatus = await checkSetup(context, names, options);
  });
}

const NOTES = `
Except with --run-job, nothing on AWS is changed. To test your permissions, a
tiny object is written to the bucket, read, and deleted again.

Commands that begin with aws belong to the AWS CLI (https://aws.amazon.com/cli).
If you don't have it, paste them into CloudShell, a terminal in the AWS console.

Exit status: 1 if a runtime you name doesn't work, or if you name none and none
works; else 0.

Examples:
  nextstrain check-setup
  nextstrain check-setup aws-batch
  nextstrain check-setup aws-batch --run-job
  nextstrain check-setup aws-batch --set-default`;
