import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

interface Moto extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
}

/** Whether the mock's modules are there: `startMendedMoto` needs them, beside the program. */
export function havePythonMoto(): boolean {
  return spawnSync("python3", ["-c", "import moto.server, boto3"], { stdio: "ignore" }).status === 0;
}

/** A running `moto_server`, a mock of AWS that this project has no part in. It can't run jobs without an engine: they fail. */
export function startMoto(): Promise<Moto> {
  return start("moto_server", []);
}

/** The same, with what its CloudFormation lacks of the set-up: see `mended_moto.py`. */
export function startMendedMoto(): Promise<Moto> {
  return start("python3", [fileURLToPath(new URL("mended_moto.py", import.meta.url))]);
}

/** Mended, and with what CloudFormation tells of a stack: see `moto_stacks.py`. */
export function startStackMoto(): Promise<Moto> {
  return start("python3", [fileURLToPath(new URL("moto_stacks.py", import.meta.url))]);
}

async function start(program: string, args: readonly string[]): Promise<Moto> {
  const child = spawn(program, [...args, "-p", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  const endpoint = await new Promise<string>((resolve, reject) => {
    let output = "";
    const look = (chunk: Buffer) => {
      output += chunk.toString();
      const address = /Running on (http:\/\/[\d.]+:\d+)/.exec(output)?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.on("exit", () => reject(new Error(`${program} ended:\n${output}`)));
  });
  return {
    endpoint,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.on("exit", resolve));
      child.kill();
      await ended;
    },
  };
}
