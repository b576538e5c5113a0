import { connect, createServer, type Server, type Socket } from "node:net";

/** A way to a server that can be cut, and mended. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Ends all connections at once, and refuses new ones. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** Leads to a port on this computer. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;

  const join = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on("error", () => to.destroy());
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
    from.pipe(to);
  };
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      const next = createServer((client) => {
        const upstream = connect(target, "127.0.0.1");
        join(client, upstream);
        join(upstream, client);
      });
      server = next;
      next.on("error", reject);
      next.listen(port, "127.0.0.1", () => {
        const address = next.address();
        resolve(typeof address === "object" && address ? address.port : port);
      });
    });
  const cut = () =>
    new Promise<void>((resolve) => {
      if (server === undefined) return resolve();
      server.close(() => resolve());
      server = undefined;
      for (const socket of sockets) socket.destroy();
    });

  const port = await listen(0);
  return {
    port,
    cut,
    async mend() {
      await listen(port);
    },
    [Symbol.asyncDispose]: cut,
  };
}
