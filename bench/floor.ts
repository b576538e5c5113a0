// The least that a transfer can be: `put URL FILE…` reads the files once and sends their bytes in one bare request, `get URL` takes
// an object's bytes, `read DIRECTORY` reads the files in it once.
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { signedHeaders } from "../src/local-aws/batch/executor/signer.ts";

const PIECE = 1024 * 1024;
const [act = "", first = "", ...files] = process.argv.slice(2);
if (act === "put") await put(first, files);
else if (act === "get") await get(first);
else readAll(first);

async function put(url: string, paths: readonly string[]): Promise<void> {
  const size = paths.reduce((sum, path) => sum + statSync(path).size, 0);
  const { sent, answer } = open("PUT", url, { "content-length": String(size) });
  for (const path of paths) {
    for (const piece of piecesOf(path)) {
      if (!sent.write(piece)) await new Promise((resolve) => sent.once("drain", resolve));
    }
  }
  sent.end();
  await take(await answer);
}

async function get(url: string): Promise<void> {
  const { sent, answer } = open("GET", url, {});
  sent.end();
  await take(await answer);
}

function open(method: string, url: string, headers: Record<string, string>) {
  const {
    AWS_ENDPOINT_URL,
    AWS_ACCESS_KEY_ID = "",
    AWS_SECRET_ACCESS_KEY = "",
    AWS_REGION = "",
  } = process.env;
  const target = new URL(`${AWS_ENDPOINT_URL}/${url.replace(/^s3:\/\//, "")}`);
  const credentials = {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    region: AWS_REGION,
  };
  const signed = signedHeaders({ method, host: target.host, path: target.pathname }, credentials, new Date());
  const sent = request(target, { method, headers: { ...signed, ...headers } });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve).once("error", reject);
  });
  return { sent, answer };
}

async function take(answer: IncomingMessage): Promise<void> {
  for await (const _ of answer);
  if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
}

function* piecesOf(path: string): Generator<Buffer> {
  const file = openSync(path, "r");
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE);
      const length = readSync(file, piece);
      if (length === 0) return;
      yield piece.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

function readAll(directory: string): void {
  for (const name of readdirSync(directory)) readFileSync(join(directory, name));
}
