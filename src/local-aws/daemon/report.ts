import { closeSync, writeSync } from "node:fs";
import { StartError } from "./start-error.ts";

/** What became of a start, for whoever started the daemon: one line of JSON. */
export type Report =
  | { readonly ready: { readonly pid: number; readonly port: number } }
  | { readonly done: true }
  | { readonly busy: { readonly pid: number } }
  | { readonly error: { readonly message: string; readonly hint?: string | undefined } };

/** Writes the report to the pipe that the starter reads, and closes it: nobody need be there to read it. */
export function sendReport(fd: number, report: Report): void {
  try {
    writeSync(fd, `${JSON.stringify(report)}\n`);
    if (fd > 2) closeSync(fd);
  } catch {
    // The starter has gone; the daemon does not need it.
  }
}

/** An error that is no StartError is a bug: its stack is in the log. */
export function errorReport(error: unknown): Report {
  if (error instanceof StartError) return { error: { message: error.message, hint: error.hint } };
  const message = error instanceof Error ? error.message : String(error);
  return {
    error: {
      message: `Local AWS could not start: ${message}`,
      hint: "daemon.log in its state directory says more.",
    },
  };
}
