import type { Io } from "../../../cli/io.ts";
import type { TroubleEvent } from "../trouble.ts";

/** Says what trouble there is with AWS while several jobs are looked at, and when it has passed. */
export function tellTrouble(io: Io, event: TroubleEvent): void {
  if (event.kind === "trouble") {
    io.warn(`AWS can't be reached for now (${event.reason}). The jobs go on; still trying.`);
  } else if (event.kind === "locked-out") {
    io.warn(
      `AWS no longer accepts the credentials in use (${event.reason}). Renew them (for SSO: \`aws sso login\`); the jobs go on.`,
    );
  } else if (event.kind === "recovered") {
    io.err("AWS can be reached again.");
  }
}
