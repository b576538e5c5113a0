import type { Server } from "node:http";
import type { Socket } from "node:net";

export interface Connections {
  /** A request on this connection has been verified. */
  letIn(socket: Socket): void;
}

/**
 * Keeps a server from having more connections than `limit`: where there is one too many, the oldest one goes on which no request has
 * been verified. So whoever has no key cannot shut out those who do.
 */
export function limitConnections(server: Server, limit: number): Connections {
  // Sets keep the order of insertion: the first is the oldest.
  const strangers = new Set<Socket>();
  const known = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    strangers.add(socket);
    socket.once("close", () => {
      strangers.delete(socket);
      known.delete(socket);
    });
    if (strangers.size + known.size <= limit) return;
    const [oldest] = strangers;
    oldest?.destroy();
  });
  return {
    letIn(socket) {
      if (strangers.delete(socket)) known.add(socket);
    },
  };
}
