import { Argument, Command } from "commander";
import type { Context } from "../cli/context.ts";

/** `nextstrain completion`: a script with which a shell completes this program's commands and options. */
export function completionCommand(context: Context): Command {
  const command = new Command("completion")
    .summary("print a completion script for your shell")
    .description("Print a script that makes a shell complete this program's commands and options.")
    .usage("[options] <shell>")
    .addArgument(new Argument("<shell>", "your shell").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      `
Examples:
  bash, in ~/.bashrc:
    eval "$(nextstrain completion bash)"
  zsh, in ~/.zshrc, after compinit:
    eval "$(nextstrain completion zsh)"
  fish:
    nextstrain completion fish > ~/.config/fish/completions/nextstrain.fish`,
    );
  // For the scripts: what ids can be completed to.
  command.command("jobs", { hidden: true }).action(async () => {
    const { completeJobs } = await import("../runtimes/aws-batch/jobs/complete.ts");
    await completeJobs(context);
  });
  return command.action(async (shell: "bash" | "zsh" | "fish") => {
    const { describeCommands, scripts } = await import("../cli/completion-scripts.ts");
    context.io.out(scripts[shell](describeCommands(command.parent ?? command)).trimEnd());
  });
}
