/** Why local AWS cannot start, in words for its user, with the next step. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** The code of one of Node's system errors (`EADDRINUSE`, `EACCES`, …). */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
