import { findHome, findWorkingDirectory } from "./cli/directories.ts";
import { describeFailure } from "./cli/failure.ts";
import { createIo } from "./cli/io.ts";
import { runProgram } from "./cli/program.ts";
import { createSignals } from "./cli/signals.ts";
import { letGoOfLostTerminals, standardTerminals } from "./cli/terminal.ts";
import { CancelledError } from "./errors.ts";

/** Writes out what a stream still holds: a pipe takes it asynchronously, and `process.exit` would drop it. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}

function leave(exitStatus: number): never {
  letGoOfLostTerminals(terminals);
  process.exit(exitStatus);
}

const terminals = standardTerminals();
const ending = new AbortController();
const { stdin, stdout, stderr } = process;
const question = { input: stdin, output: stderr };
const io = createIo({ stdin, stdout, stderr, question }, process.env);
const signals = createSignals(process);
signals.handle({
  SIGINT: () => stop(130),
  SIGHUP: () => stop(129),
  SIGTERM: () => stop(143),
});

/** The first signal lets everything clean up after itself; the second doesn't wait for that. */
function stop(exitStatus: number): void {
  if (ending.signal.aborted) leave(exitStatus);
  ending.abort(new CancelledError("Cancelled.", exitStatus));
}

// Nobody reads any more (`nextstrain … | head`): end as after a signal, in silence but for how to find a job again. Of a
// terminal that is gone (EIO), SIGHUP tells.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EIO") return;
    if (stream === process.stdout) io.outIsLost();
    ending.abort(new CancelledError("", 141));
  });
}

async function run(): Promise<number> {
  try {
    const context = {
      env: process.env,
      cwd: findWorkingDirectory(),
      home: findHome(),
      io,
      signals,
      now: Date.now,
      signal: ending.signal,
    };
    return await runProgram(context, process.argv.slice(2));
  } catch (error) {
    const failure = describeFailure(error, process.env.NEXTSTRAIN_DEBUG === "1", ending.signal);
    for (const line of failure.lines) io.err(line);
    return failure.exitStatus;
  }
}

async function main(): Promise<never> {
  const exitStatus = await run();
  io.finish();
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  leave(exitStatus);
}

// The executable's files can't have `await` here. Like that, it ends with 13 where main never does.
process.once("beforeExit", () => {
  process.exitCode ??= 13;
});
void main();
