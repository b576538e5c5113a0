import { createHash, createHmac, randomBytes } from "node:crypto";
import { request } from "node:http";

/** What is needed to talk to a local AWS. */
export interface ControlTarget {
  readonly port: number;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What a running local AWS says of itself. */
export interface LocalAwsStatus {
  readonly version: string;
  readonly pid: number;
  readonly port: number;
  readonly stateDirectory: string;
  /** ISO 8601. */
  readonly started: string;
  readonly uptimeSeconds: number;
  readonly livingJobs: number;
  /** Requests since the start, by service and operation. */
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/**
 * Asks whatever listens on the port for its status. Undefined where nothing listens, or something else does, which is told by
 * its not knowing our secret.
 */
export async function readStatus(
  target: ControlTarget,
  now: number,
  signal: AbortSignal,
): Promise<LocalAwsStatus | undefined> {
  const challenge = randomBytes(16).toString("hex");
  const answer = await call(target, "GET", "/_local-aws/status", now, signal, {
    "x-local-aws-challenge": challenge,
  });
  if (answer === undefined) return undefined;
  try {
    const { proof, ...status }: LocalAwsStatus & { proof: unknown } = JSON.parse(answer);
    const expected = hmac(target.credentials.secretAccessKey, `local-aws ${challenge}`).toString("hex");
    return proof === expected ? status : undefined;
  } catch {
    return undefined;
  }
}

/** Asks a local AWS to leave; it may take a while to be gone. */
export async function requestStop(target: ControlTarget, now: number, signal: AbortSignal): Promise<void> {
  await call(target, "POST", "/_local-aws/stop", now, signal, {});
}

/** One request under Signature Version 4. Undefined where there is no answer, or one other than 200. */
function call(
  { port, region, credentials }: ControlTarget,
  method: string,
  path: string,
  now: number,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const host = `127.0.0.1:${port}`;
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
  const payload = sha256("");
  const signed = "host;x-amz-content-sha256;x-amz-date";
  const canonical = [
    ...[method, path, "", `host:${host}`, `x-amz-content-sha256:${payload}`, `x-amz-date:${time}`],
    ...["", signed, payload],
  ].join("\n");
  const scope = `${time.slice(0, 8)}/${region}/local-aws/aws4_request`;
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ host: "127.0.0.1", port, method, path, signal, agent: false },
      headers: { host, "x-amz-content-sha256": payload, "x-amz-date": time, authorization, ...headers },
    });
    const failed = (error: Error) => (signal.aborted ? reject(error) : resolve(undefined));
    sent.on("error", failed);
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", failed);
      response.on("end", () =>
        resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString() : undefined),
      );
    });
    sent.end();
  });
}
