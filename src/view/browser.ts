import open from "open";
import type { Context } from "../cli/context.ts";

/** Whether there is anything to show a page on: on Linux, a display, or a browser that the user named. */
export function hasBrowser({ env }: Pick<Context, "env">, platform: NodeJS.Platform): boolean {
  if (platform !== "linux") return true;
  return Boolean(env.BROWSER || env.DISPLAY || env.WAYLAND_DISPLAY || env.WSL_DISTRO_NAME);
}

/** Opens a page in the user's browser. False where that is not to be had. */
export async function openBrowser(url: string): Promise<boolean> {
  try {
    const child = await open(url);
    child.once("error", () => undefined);
    return true;
  } catch {
    return false;
  }
}
