import type { Context } from "../cli/context.ts";
import type { Services } from "./services.ts";

/** How the user is asked. */
export interface Questions {
  /** Who answers: the person at the terminal, --yes for them, or nobody (no terminal, and no --yes). */
  readonly by: "person" | "yes" | "nobody";
  /** Throws CancelledError where the person leaves instead. */
  confirm(message: string): Promise<boolean>;
  /** A name; `problem` says what is wrong with one. */
  text(message: string, suggestion: string, problem: (text: string) => string | undefined): Promise<string>;
}

/** Where a set-up is made, and by whom. */
export interface Site {
  readonly context: Context;
  readonly services: Services;
  readonly questions: Questions;
  readonly region: string;
  /** Waits between two looks at what AWS is doing. Throws the signal's reason where it is aborted. */
  pause(): Promise<void>;
}
