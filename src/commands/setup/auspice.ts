import { Command } from "commander";
import type { Context } from "../../cli/context.ts";

interface AuspiceOptions {
  readonly dryRun?: true;
  readonly force?: true;
}

/** `nextstrain setup auspice`: what `nextstrain view` shows results with. */
export function setupAuspiceCommand(context: Context): Command {
  return new Command("auspice")
    .summary("install Auspice, for `nextstrain view`")
    .description("Install Auspice, which shows results, from npm (about 300 MB) into ~/.nextstrain/auspice.")
    .option("--dry-run", "show what would be done, without doing it")
    .option("--force", "install again, even if it is installed")
    .action((_options: AuspiceOptions, command: Command) =>
      setUpAuspice(context, command.optsWithGlobals<AuspiceOptions>()),
    );
}

async function setUpAuspice(context: Context, { dryRun, force }: AuspiceOptions): Promise<void> {
  const { install, planInstall } = await import("../../view/install.ts");
  const { io } = context;
  const plan = await planInstall(context);
  if (plan.installed && !force) {
    io.out(`Auspice ${plan.installed.version} is installed already, in ${plan.directory}.`);
    return;
  }
  if (dryRun) {
    io.out(`Would fetch ${plan.package} from npm into ${plan.directory}.`);
    return;
  }
  io.out(`Fetching ${plan.package} from npm: a minute or two.`);
  const { version } = await install(context, plan);
  io.out(
    `Auspice ${version} is installed in ${plan.directory}. To look at results: nextstrain view <directory>`,
  );
}
