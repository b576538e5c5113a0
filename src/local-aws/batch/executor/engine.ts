import { execFile } from "node:child_process";
import { type EngineFacts, readInfo } from "./engine-info.ts";

/** A container engine that answers: docker, or podman. */
export interface Engine extends EngineFacts {
  /** The program to call. */
  readonly command: string;
  /** Its environment: this process's, for it to find its server and its store. */
  readonly environment: NodeJS.ProcessEnv;
  /** Calls it. Never rejects: a call that cannot be made, or is called off, has a status other than 0. */
  call(
    args: readonly string[],
    options?: { readonly environment?: NodeJS.ProcessEnv; readonly signal?: AbortSignal },
  ): Promise<EngineAnswer>;
  /** Calls it with a question, for which it needs no long time: one that hangs must not keep a job from its end. */
  ask(args: readonly string[]): Promise<EngineAnswer>;
}

export interface EngineAnswer {
  readonly status: number;
  readonly stdout: string;
  /** The last line on standard error: what went wrong, in the engine's words. */
  readonly message: string;
}

export interface NoEngine {
  /** Why there is none, to go after a colon. */
  readonly why: string;
}

/** A healthy engine answers in well under a second; one that hangs must not keep jobs from running as processes. */
const answerLimitMs = 4_000;
/** For questions to one that worked at first, on a computer that may have much else to do. */
const questionLimitMs = 30_000;

/** The engine to use: docker where it works, else podman. `environment` holds the PATH on which they are looked up. */
export async function findEngine(
  environment: NodeJS.ProcessEnv,
  askLimitMs = questionLimitMs,
): Promise<Engine | NoEngine> {
  const refusals: string[] = [];
  for (const command of ["docker", "podman"]) {
    const info = await call(command, ["info", "--format", "{{json .}}"], {
      environment,
      signal: AbortSignal.timeout(answerLimitMs),
    });
    if (info.status === notInstalled) continue;
    const facts = readInfo(info.stdout, process.platform);
    if ("why" in facts) {
      refusals.push(`${command} ${facts.why}`);
      continue;
    }
    return {
      ...facts,
      command,
      environment,
      call: (args, options) => call(command, args, { environment, ...options }),
      ask: (args) => call(command, args, { environment, signal: AbortSignal.timeout(askLimitMs) }),
    };
  }
  return { why: refusals.join(", ") || "there is no docker or podman" };
}

/** A shell's for a program that is not there. */
const notInstalled = 127;

function call(
  command: string,
  args: readonly string[],
  { environment, signal }: { environment: NodeJS.ProcessEnv; signal?: AbortSignal },
): Promise<EngineAnswer> {
  return new Promise((resolve) => {
    const options = { env: environment, signal, maxBuffer: 16 * 1024 * 1024 };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve({ status: 0, stdout, message: "" });
      const status = typeof error.code === "number" ? error.code : error.code === "ENOENT" ? notInstalled : 1;
      resolve({ status, stdout, message: lastLine(stderr) || error.message });
    });
  });
}

/** What an engine says went wrong. Docker ends that with where to read more. */
function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !/^(Run|See) '.*--help'/.test(line));
  return (lines.at(-1) ?? "").replace(/^(Error|docker): /, "").trimEnd();
}
