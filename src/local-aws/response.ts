import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ServiceResponse } from "./http.ts";

/** What every answer says that it is from, signed request or not: clients tell local AWS by it from other servers. */
const SERVER = "nextstrain-local-aws";

/** Where an answer is cut off: before its first byte, or half-way through its body. */
export type CutAnswer = "before" | "within";

/** Sends a service's response; a failure half-way through a body cuts the connection, so that the client notices. */
export async function sendResponse(
  message: IncomingMessage,
  response: ServerResponse,
  answer: ServiceResponse,
  { requestId, cut }: { readonly requestId: string; readonly cut?: CutAnswer | undefined },
): Promise<void> {
  if (cut !== undefined) {
    await sendHalf(message, response, answer, cut);
    return;
  }
  const { status, headers = {}, body } = answer;
  response.statusCode = status;
  response.setHeader("server", SERVER);
  response.setHeader("x-amz-request-id", requestId);
  response.setHeader("x-amzn-requestid", requestId);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // A client that waits for "100 Continue" may or may not send its body after an error: that connection is lost.
  const bodyUnsure = message.headers.expect !== undefined && !message.complete;
  if (bodyUnsure) response.setHeader("connection", "close");

  if (body instanceof Readable) {
    await sendStream(message, response, body);
    return;
  }
  const hasBody = message.method !== "HEAD" && status !== 204 && status !== 304;
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  if (hasBody) response.setHeader("content-length", bytes?.length ?? 0);
  await new Promise<void>((resolve) => {
    response.once("close", resolve);
    response.end(hasBody ? bytes : undefined, () => resolve());
  });
  // What is left of the request is read and dropped: closing on a client that still sends would lose the answer.
  if (!message.complete && !bodyUnsure) drop(message);
}

async function sendStream(message: IncomingMessage, response: ServerResponse, body: Readable): Promise<void> {
  if (message.method === "HEAD") {
    body.destroy();
    response.end();
    return;
  }
  // The client's leaving in the middle of a download ends the stream; that is its right.
  await pipeline(body, response).catch((error: unknown) => {
    if (!message.socket.destroyed && !response.destroyed) throw error;
  });
}

/** The head and half the body of an answer, and then no more. Without a body there is nothing to be half-way through. */
async function sendHalf(
  message: IncomingMessage,
  response: ServerResponse,
  { status, headers = {}, body }: ServiceResponse,
  cut: CutAnswer,
): Promise<void> {
  const size = body instanceof Readable ? Number(headers["content-length"]) : Buffer.byteLength(body ?? "");
  if (cut === "within" && message.method !== "HEAD" && size > 0) {
    response.writeHead(status, { ...headers, "content-length": size });
    response.flushHeaders();
    let left = Math.floor(size / 2);
    const pieces: AsyncIterable<Uint8Array> | Uint8Array[] =
      body instanceof Readable ? body : [Buffer.from(body ?? "")];
    for await (const piece of pieces) {
      const part = piece.subarray(0, left);
      left -= part.length;
      await new Promise<void>((resolve) => {
        response.once("close", resolve);
        response.write(part, () => resolve());
      });
      if (left === 0 || response.destroyed) break;
    }
  }
  if (body instanceof Readable) body.destroy();
  message.socket.destroy();
}

/** A reader that gave up half-way may still be subscribed, and nothing flows as long as it is. */
function drop(message: IncomingMessage): void {
  message.removeAllListeners("readable");
  setImmediate(() => message.resume());
}
