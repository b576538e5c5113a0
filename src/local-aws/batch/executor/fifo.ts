import { execFile } from "node:child_process";
import { close, constants, open } from "node:fs";
import { Socket } from "node:net";
import { promisify } from "node:util";

/** A pipe with a name, open at both ends. */
export interface Fifo {
  /** File descriptor to hand to a child process. */
  readonly writer: number;
  readonly reader: Socket;
  /** To be called once the child has it, lest the reader wait for an end that never comes. */
  closeWriter(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes a FIFO for a child's standard output. Node's own "pipe" is a socket pair, and programs that open `/dev/stdout`
 * or `/dev/stderr` (`tee /dev/stderr`) fail on a socket.
 */
export async function openFifo(path: string): Promise<Fifo> {
  await promisify(execFile)("mkfifo", ["-m", "600", path]);
  // Opening either end blocks until the other is open, except for a reader that asks not to. No FileHandle, since
  // that would close the descriptor a second time, long after the socket has.
  const read = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = await promisify(open)(path, constants.O_WRONLY);
  const reader = new Socket({ fd: read, readable: true, writable: false });
  const closeWriter = () => promisify(close)(writer);
  return {
    writer,
    reader,
    closeWriter,
    async close() {
      await closeWriter();
      reader.destroy();
    },
  };
}
