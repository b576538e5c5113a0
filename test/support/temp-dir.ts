import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TempDir extends AsyncDisposable {
  /** Absolute path, links resolved. */
  readonly path: string;
}

/** A fresh directory that is gone after the test. */
export async function tempDir(): Promise<TempDir> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "nextstrain-test-")));
  // What local AWS was trying as it was stopped, such as a sandbox, may end a moment after it.
  const options = { recursive: true, force: true, maxRetries: 40, retryDelay: 100 };
  return { path, [Symbol.asyncDispose]: () => rm(path, options) };
}
