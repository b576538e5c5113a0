import type { RuntimeName } from "../runtime-name.ts";

/** The prompt of a shell in a runtime (bash(1), PROMPTING): in which one, and where. */
export function promptOf(runtime: RuntimeName): string {
  return `[nextstrain ${runtime}] \\w \\$ `;
}

/**
 * What sets that prompt in a container, as the variable PROMPT_COMMAND: bash runs it once the image's own files have had their
 * say. PS1 itself would not get there, since the entrypoint is a script, and bash takes it from the environment of scripts.
 */
export function promptCommand(runtime: RuntimeName): string {
  return `PS1='${promptOf(runtime)}'; unset PROMPT_COMMAND`;
}
