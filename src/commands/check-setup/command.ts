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
    .summary("say what works, what doesn't, and what to do about it")
    .description(
      "Checks the runtimes that builds can run in. Each line says how it is:\n" +
        "  ✔  as it should be\n" +
        "  ✘  builds fail for it\n" +
        "  ⚑  builds work, but it costs or risks something\n" +
        "  ?  it can't be told: you may not ask, or AWS gave no answer\n" +
        "Below all but the first stands what to do.",
    )
    .argument("[runtime...]", `${runtimes.map(({ name }) => name).join(", ")} (default: all, aws-batch last)`)
    .option("--set-default", "use the first of them that works for builds from now on")
    .option("--json", "for programs");
  command.optionsGroup("AWS Batch:");
  for (const name of [
    ...(["awsBatchJob", "awsBatchQueue", "awsBatchS3Bucket"] as const),
    ...(["awsBatchShare", "awsBatchPriority"] as const),
  ]) {
    command.addOption(settingOption(settings[name]));
  }
  command.addOption(tagOption());
  command.option("--run-job", "run a small job, too, and see how it fares (costs little)");
  command.option("--local-aws", "check the stand-in for AWS on this computer");
  command.addHelpText("after", NOTES);
  return command.action(async (names: string[], options: CheckSetupOptions) => {
    const { checkSetup } = await import("./run.ts");
    outcome.exitStatus = await checkSetup(context, names, options);
  });
}

const NOTES = `
On AWS nothing is changed, but for what --run-job runs. A tiny object is written
to the bucket, read, and deleted again, to see whether you may.

Commands that begin with aws are of AWS's own program
(https://aws.amazon.com/cli). Without it, paste them into CloudShell, a
terminal in AWS's console.

Exit status: 1 where a runtime that was named doesn't work, or where none was
named and none works; else 0.

Examples:
  nextstrain check-setup
  nextstrain check-setup aws-batch
  nextstrain check-setup aws-batch --run-job
  nextstrain check-setup aws-batch --set-default`;
