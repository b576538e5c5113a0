import { execFile } from "node:child_process";
import type { Context } from "./context.ts";
import { findProgram } from "./programs.ts";

/** Both are shown as they are: no markup, no control characters. */
export interface Notification {
  readonly title: string;
  /** Words of this program's alone: desktops may read markup in it. */
  readonly text: string;
}

/** Without a service that shows notifications, `notify-send` may wait for one. Milliseconds. */
const LIMIT = 10_000;

/** The arguments are data of the script, never part of it. */
const APPLESCRIPT = [
  "on run argv",
  "display notification (item 2 of argv) with title (item 1 of argv)",
  "end run",
];

/** Shows a notification on the desktop. Resolves with whether there is one that took it; never fails. */
export async function notifyOnDesktop(
  context: Context,
  notification: Notification,
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  const { env, cwd, signal } = context;
  const { name, args } = platform === "darwin" ? onMac(notification) : onLinux(notification);
  const hasDesktop =
    platform === "darwin" || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY || env.DBUS_SESSION_BUS_ADDRESS);
  const program = hasDesktop ? await findProgram(context, name) : undefined;
  if (program === undefined) return false;
  return new Promise((resolve) => {
    const options = { cwd, env: { ...env }, timeout: LIMIT, killSignal: "SIGKILL" as const, signal };
    execFile(program, args, options, (error) => resolve(error === null));
  });
}

function onLinux({ title, text }: Notification) {
  return { name: "notify-send", args: ["--app-name=nextstrain", "--", title, text] };
}

function onMac({ title, text }: Notification) {
  // A title that begins with "-" would be an option.
  return { name: "osascript", args: [...APPLESCRIPT.flatMap((line) => ["-e", line]), ` ${title}`, text] };
}
