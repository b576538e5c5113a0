import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type TestContext, testContext } from "./context.ts";
import { tempDir } from "./temp-dir.ts";

/** Where a test tries a runtime: a computer with a home, a build directory, and no programs but the test's own. */
export interface RuntimePlace {
  /** Absolute path; the home directory. */
  readonly place: string;
  /** An empty directory, to be built. */
  readonly build: string;
  /** Where fakes of programs are to be: all of the PATH. */
  readonly bin: string;
  /** The context's environment: what a test changes in it holds from then on. */
  readonly env: Record<string, string>;
  readonly context: TestContext;
}

/** Makes such a place, which is gone after the test. */
export async function runtimePlace(): Promise<RuntimePlace> {
  const temporary = await tempDir();
  onTestFinished(() => temporary[Symbol.asyncDispose]());
  const place = temporary.path;
  const [build, bin, tmp] = [join(place, "build"), join(place, "bin"), join(place, "tmp")];
  await mkdir(build);
  await mkdir(tmp);
  const env = { PATH: bin, HOME: place, TMPDIR: tmp };
  return { place, build, bin, env, context: testContext({ env, home: place }) };
}
