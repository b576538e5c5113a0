import { UserError } from "../errors.ts";

/** What is wrong with an archive that was read. */
export type ArchiveErrorCode =
  | "not-a-zip"
  | "truncated"
  | "multi-disk"
  | "encrypted"
  | "unknown-method"
  | "broken-zip64"
  | "bad-directory"
  | "directory-too-large"
  | "wrong-count"
  | "overlap"
  | "bad-name"
  | "bad-local-header"
  | "bad-data"
  | "wrong-size"
  | "wrong-crc";

/** An archive that is damaged, hostile, or uses what this program doesn't read. */
export class ArchiveError extends UserError {
  override readonly name = "ArchiveError";
  readonly code: ArchiveErrorCode;

  constructor(code: ArchiveErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, {
      hint: "Try the same command again. If it ends the same way, the archive itself is damaged: build anew.",
      ...options,
    });
    this.code = code;
  }
}

/** A file that was being written to while it was read: no archive is made from it. */
export class ChangedWhileReadError extends UserError {
  override readonly name = "ChangedWhileReadError";

  constructor(path: string) {
    super(`"${path}" changed while it was being read.`, {
      hint: "Run the command again when nothing writes to that file any more, or exclude it from the upload.",
    });
  }
}
