/** Something the user can mend: printed as one message with its next step, never as a stack trace. Exit status 1. */
export class UserError extends Error {
  override readonly name: string = "UserError";
  /** What to do next, in a sentence or a command. */
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}

/** The command line itself is wrong. Exit status 2. */
export class UsageError extends UserError {
  override readonly name = "UsageError";
}

/** The user, or a signal, stopped the program before it had finished. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
  /** 130 after Control-C; 128 and its number after another signal. */
  readonly exitStatus: number;

  constructor(message = "Cancelled.", exitStatus = 130) {
    super(message);
    this.exitStatus = exitStatus;
  }
}
