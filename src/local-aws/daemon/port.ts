import { createServer } from "node:net";
import { randomPort } from "./identity.ts";
import { StartError, systemCode } from "./start-error.ts";

/** The port asked for, or a free one. @throws StartError where the one asked for cannot be had. */
export async function choosePort(wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    await tryPort(wanted);
    return wanted;
  }
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const port = randomPort();
    if (
      await tryPort(port).then(
        () => true,
        () => false,
      )
    )
      return port;
  }
  throw new StartError("No free port was found.", "Name one: `nextstrain local-aws start --port N`.");
}

/** Listens for a moment, before anything else is done that a port that is taken would make useless. */
function tryPort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => reject(portError(port, error)));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
  });
}

/** A failure to listen, in plain words; what is not about the port stays as it is. */
export function portError(port: number, error: unknown): unknown {
  const next = "Choose another: `nextstrain local-aws start --port N`.";
  const code = systemCode(error);
  if (code === "EADDRINUSE") return new StartError(`Port ${port} is taken by another program.`, next);
  if (code === "EACCES")
    return new StartError(`Port ${port} may only be used by the system's administrator.`, next);
  return error;
}
