// Another user of this computer, who knows the port, and perhaps the id of a key, but no secret.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startLocalAws, type TestLocalAws } from "../support/local-aws.ts";

const connections = 250;
const bodyBytes = 8 * 1024 ** 2;
/** Far less than the bodies have together, and far more than it takes to drop them. */
const enoughMemory = 700 * 1024 ** 2;

const body = Buffer.alloc(bodyBytes - 1);

test.skipIf(!existsSync("/proc/self/status")).each(["nobody's", "the owner's"])(
  "bodies that are not signed do not fill the memory, with %s key id (needs /proc)",
  { timeout: 120_000 },
  async (whose) => {
    await using local = await startLocalAws();
    const keyId = whose === "nobody's" ? "AKIDNOBODY" : (local.clientEnv.AWS_ACCESS_KEY_ID ?? "");
    const sockets = await Promise.all(Array.from({ length: connections }, () => send(local, keyId)));
    expect(await peakMemory(local)).toBeLessThan(enoughMemory);
    for (const socket of sockets) socket.destroy();
    expect((await local.run("status")).exitStatus).toBe(0);
  },
);

/** Sends a whole body but for its last byte, and stays connected. */
async function send({ endpoint }: TestLocalAws, keyId: string): Promise<Socket> {
  const socket = connect(Number(new URL(endpoint).port), "127.0.0.1");
  socket.on("error", () => undefined).resume();
  const timestamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${timestamp.slice(0, 8)}/us-east-1/batch/aws4_request`;
  socket.write(
    [
      "POST /v1/describejobs HTTP/1.1",
      "host: 127.0.0.1",
      "content-type: application/json",
      `content-length: ${bodyBytes}`,
      `x-amz-date: ${timestamp}`,
      `authorization: AWS4-HMAC-SHA256 Credential=${keyId}/${scope}, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
      "\r\n",
    ].join("\r\n"),
  );
  await new Promise((resolve) => socket.write(body, resolve));
  return socket;
}

async function peakMemory({ stateDirectory }: TestLocalAws): Promise<number> {
  const { pid } = JSON.parse(await readFile(join(stateDirectory, "daemon.json"), "utf8")) as { pid: number };
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
