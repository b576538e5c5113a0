import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { Context } from "../cli/context.ts";
import { UsageError } from "../errors.ts";
import { runtimes } from "../runtimes/runtime.ts";
import { parsePort } from "./port.ts";

/** Not localhost: that may be two addresses, and the browser may take the one where another program listens. */
const LOOPBACK = "127.0.0.1";

interface ViewOptions {
  readonly host?: string;
  readonly port?: number;
  readonly allowRemoteAccess?: true;
  readonly open: boolean;
}

/** `nextstrain view`: results in Auspice. */
export function viewCommand(context: Context): Command {
  const command = new Command("view");
  refuseRuntimes(command);
  return command
    .summary("show results in the browser")
    .description(
      "Show datasets and narratives in the browser with Auspice, until Control-C. To install Auspice, run `nextstrain setup auspice`.",
    )
    .argument(
      "<path>",
      "build directory, directory of datasets, dataset (.json), narrative (.md), or `last` for the last build's directory",
    )
    .option("--host <address>", "listen on this address (default: HOST, 127.0.0.1)")
    .addOption(
      new Option("--port <number>", "listen on this port (default: PORT, 4000, or any free port)").argParser(
        parsePort,
      ),
    )
    .option("--allow-remote-access", "let other computers connect: listen on all addresses")
    .option("--no-open", "don't open the browser")
    .addOption(new Option("--open", "open the browser (the default)").hideHelp())
    .addHelpText(
      "after",
      `
Examples:
  nextstrain view zika-tutorial/
  nextstrain view zika-tutorial/auspice/zika.json
  nextstrain view last`,
    )
    .action((path: string, options: ViewOptions) => view(context, path, options));
}

/** The Python program runs Auspice in a runtime. Whoever asks for one by habit is not to be told that there is no such option. */
function refuseRuntimes(command: Command): void {
  const flags = runtimes.flatMap(({ name, oldName }) => [name, ...(oldName ? [oldName] : [])]);
  for (const flag of flags) {
    command.addOption(new Option(`--${flag}`).hideHelp()).on(`option:${flag}`, () => {
      throw new UsageError(`--${flag} has no meaning here: Auspice runs on this computer, in no runtime.`, {
        hint: "Leave it out. `nextstrain setup auspice` installs Auspice; one on the PATH is used, too.",
      });
    });
  }
}

async function view(context: Context, path: string, options: ViewOptions): Promise<void> {
  const [{ findAuspice }, { lastBuild }, { serve }, { findShowable }] = await Promise.all([
    import("../view/auspice.ts"),
    import("../view/last-build.ts"),
    import("../view/serve.ts"),
    import("../view/showable.ts"),
  ]);
  const { env, io } = context;
  const shown = path === "last" ? await lastBuild(context) : resolve(context.cwd, path);
  const showable = await findShowable(shown);
  const auspice = await findAuspice(context);

  using interruption = untilInterrupted(context);
  const host = options.host ?? (options.allowRemoteAccess ? "0.0.0.0" : env.HOST || LOOPBACK);
  const port = options.port ?? (env.PORT ? portOf(env.PORT) : undefined);
  await using server = await serve(context, auspice, showable, { host, port });
  const [only, ...others] = server.pages;
  const page = showable.page ?? (others.length === 0 ? only : undefined) ?? "/";
  const url = `${server.url}${page}`;
  io.out(`Showing ${shown} at ${url}`);
  if (options.allowRemoteAccess) io.warn("Any computer that reaches this one can look at it, too.");
  if (options.open) await showInBrowser(context, url);
  io.out("Press Control-C to stop.");
  await Promise.race([interruption.stopped, server.ended]);
}

async function showInBrowser({ env, io }: Context, url: string): Promise<void> {
  const { hasBrowser, openBrowser } = await import("../view/browser.ts");
  if (hasBrowser({ env }, process.platform) && (await openBrowser(url))) return;
  io.err("There is no browser here to open it with: open that address in one.");
}

/** Control-C is how looking ends, and no failure. Other signals end the program as ever. */
function untilInterrupted({ signals, signal }: Context): Disposable & { readonly stopped: Promise<void> } {
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve, reject) => {
    stop = resolve;
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  stopped.catch(() => undefined);
  const handled = signals.handle({ SIGINT: () => stop() });
  return { stopped, [Symbol.dispose]: () => handled[Symbol.dispose]() };
}

/** The port of the setting PORT, named where it is none. */
function portOf(setting: string): number {
  try {
    return parsePort(setting);
  } catch (error) {
    throw new UsageError(`PORT is “${setting}”. ${(error as Error).message}`, {
      hint: "Set PORT to a number, unset it, or give --port.",
    });
  }
}
