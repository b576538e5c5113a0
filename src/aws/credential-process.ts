import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { AwsCredentialIdentity } from "@smithy/types";
import type { Context } from "../cli/context.ts";
import { withoutControls } from "../cli/control-characters.ts";
import { findProgram } from "../cli/programs.ts";
import { hasTerminal } from "../cli/terminal.ts";
import { spellTime } from "../cli/time-text.ts";
import { credentialFailure } from "./credential-failure.ts";

/** Milliseconds for such a program: somebody may have to log in by it. */
const LIMIT = 5 * 60_000;
/** Milliseconds that it has to end after it was asked to. */
const GRACE = 1_000;
/** Characters of output at most: it is a few lines of JSON. */
const MOST_OUTPUT = 1024 * 1024;

export interface CredentialProcess {
  /** The profile's name. */
  readonly profile: string;
  /** For a shell. */
  readonly command: string;
}

type Ending =
  | { readonly kind: "exit"; readonly status: number | null }
  | { readonly kind: "stopped"; readonly why: string };

/**
 * Runs a profile's `credential_process` and reads the credentials that it writes ("Sourcing credentials with an external
 * process"). It has the terminal, or an empty input where there is none; what it writes to standard error is shown. Signals
 * and a time limit end it. Throws UserError, which shows neither its command nor its output: both may hold secrets.
 */
export async function runCredentialProcess(
  context: Context,
  { profile, command }: CredentialProcess,
  limit = LIMIT,
): Promise<AwsCredentialIdentity> {
  const { io, signal } = context;
  signal.throwIfAborted();
  const fail = (what: string, hint: string) =>
    credentialFailure(`The credential_process of the profile "${profile}" ${what}.`, hint);
  // A group of its own ends as a whole, but cannot ask on the terminal.
  const isApart = !(await hasTerminal());
  using _ = io.lendTerminal();
  const child = spawn(await forShell(context, command), {
    shell: true,
    detached: isApart,
    cwd: context.cwd,
    env: { ...context.env },
    stdio: [io.inIsTerminal ? "inherit" : "ignore", "pipe", io.errIsTerminal ? "inherit" : "pipe"],
  });
  if (child.stderr !== null) {
    const show = (line: string) => io.err(withoutControls(line, { keepColours: false }));
    createInterface({ input: child.stderr }).on("line", show);
  }
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (output.length < MOST_OUTPUT) output += text;
  });
  const send = (name: NodeJS.Signals) => {
    try {
      if (isApart && child.pid !== undefined) process.kill(-child.pid, name);
      else child.kill(name);
    } catch {
      // It has ended by itself.
    }
  };
  const ending = await endOf(context, { child, send }, limit);
  signal.throwIfAborted();
  if (ending.kind === "stopped") {
    throw fail(
      ending.why,
      "It may wait for somebody to answer. Run its command, which is in the AWS configuration, by itself to see.",
    );
  }
  if (ending.status !== 0) {
    const status = ending.status === null ? "was ended by a signal" : `failed (exit status ${ending.status})`;
    throw fail(
      status,
      "Its messages, if there are any, are above. Run its command, which is in the AWS configuration, by itself to see more.",
    );
  }
  const credentials = readOutput(output, context.now());
  if (typeof credentials === "string") {
    throw fail(
      credentials,
      "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html says what it has to write to standard output.",
    );
  }
  return credentials;
}

/** The command, for a shell that makes way for a program which needs none: it gets the signals then. */
async function forShell(context: Context, command: string): Promise<string> {
  if (/[;&|<>()$`\n#]/.test(command)) return command;
  const [program = ""] = command.trim().split(/\s/);
  return (await findProgram(context, program)) === undefined ? command : `exec ${command}`;
}

interface Running {
  readonly child: ChildProcess;
  /** To all that belongs to it, where that can be. */
  readonly send: (name: NodeJS.Signals) => void;
}

/** Waits for the end of a program, or brings it about. */
function endOf({ signal, signals }: Context, { child, send }: Running, limit: number): Promise<Ending> {
  return new Promise((resolve) => {
    const kill = () => send("SIGKILL");
    const stop = (why: string) => {
      send("SIGTERM");
      // One that is suspended would not see it.
      send("SIGCONT");
      setTimeout(kill, GRACE).unref();
      // What it has started itself may hold these open.
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      end({ kind: "stopped", why });
    };
    const interrupt = () => stop("was interrupted");
    const timer = setTimeout(() => stop(`did not end within ${spellTime(limit / 1000)}`), limit);
    // Whoever handles a signal may be waiting for these very credentials.
    const observing = signals.observe(interrupt);
    const end = (ending: Ending) => {
      clearTimeout(timer);
      observing[Symbol.dispose]();
      signal.removeEventListener("abort", interrupt);
      resolve(ending);
    };
    signal.addEventListener("abort", interrupt, { once: true });
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    child.once("close", (status) => end({ kind: "exit", status }));
    child.once("error", ({ message }) => end({ kind: "stopped", why: `can't be run (${message})` }));
  });
}

/** The credentials in the output; a string says what is wrong with it, after the name of the program. */
function readOutput(output: string, now: number): AwsCredentialIdentity | string {
  let data: unknown;
  try {
    data = JSON.parse(output);
  } catch {
    return "wrote no JSON";
  }
  const fields = (typeof data === "object" && data !== null ? data : {}) as Readonly<Record<string, unknown>>;
  if (fields.Version !== 1) return "wrote JSON that does not say Version 1";
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = fields;
  if (typeof AccessKeyId !== "string" || typeof SecretAccessKey !== "string") {
    return "wrote JSON without an AccessKeyId or a SecretAccessKey";
  }
  const keys = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(typeof SessionToken === "string" && SessionToken !== "" ? { sessionToken: SessionToken } : {}),
  };
  if (typeof Expiration !== "string" || Expiration === "") return keys;
  const expiration = new Date(Expiration);
  if (Number.isNaN(expiration.getTime())) return "wrote an Expiration that is no time";
  return expiration.getTime() <= now ? "gave credentials that have expired already" : { ...keys, expiration };
}
