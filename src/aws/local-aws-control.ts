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
  /** What runs its jobs: what was asked for, and what that comes to here. */
  readonly executor: HowJobsRun & { readonly choice: string };
  /** From SIGTERM to SIGKILL; absent in older versions. */
  readonly stopTimeoutSeconds?: number;
  /** What its account has other than the default one; absent in older versions. */
  readonly account?: readonly string[];
  /** Requests since the start, by service and operation. */
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** How local AWS runs jobs. */
export interface HowJobsRun {
  readonly by: "containers" | "processes";
  /** By what, or why: `podman 4.3.1`, `there is no docker or podman`. */
  readonly detail: string;
}

/** How local AWS would run a job in an image now. */
export interface HowJobRuns extends HowJobsRun {
  /** Whether it sees neither its user's files nor other processes. */
  readonly isApart: boolean;
  /** Whether nobody has been told so yet. */
  readonly isNews: boolean;
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
  const answer = await call(target, "GET /_local-aws/status", now, signal, {
    headers: { "x-local-aws-challenge": challenge },
  });
  if (answer?.status !== 200) return undefined;
  try {
    const { proof, ...status }: LocalAwsStatus & { proof: unknown } = JSON.parse(answer.body);
    const expected = hmac(target.credentials.secretAccessKey, `local-aws ${challenge}`).toString("hex");
    return proof === expected ? status : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What answers on a port of this computer, by its own account, which takes no key: a local AWS, another server, or nothing at all
 * ("refused").
 */
export async function identifyServer(
  port: number,
  signal: AbortSignal,
): Promise<"local AWS" | "another" | "refused"> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path: "/_local-aws/status", signal, agent: false });
    sent.on("response", (response) => {
      response.resume();
      resolve(response.headers.server === "nextstrain-local-aws" ? "local AWS" : "another");
    });
    sent.on("error", (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(error);
      else resolve(error.code === "ECONNREFUSED" ? "refused" : "another");
    });
    sent.end();
  });
}

/** Asks a local AWS to leave; it may take a while to be gone. */
export async function requestStop(target: ControlTarget, now: number, signal: AbortSignal): Promise<void> {
  await call(target, "POST /_local-aws/stop", now, signal);
}

/** Asks how jobs in an image run. Undefined where there is no answer. */
export async function requestHowJobsRun(
  target: ControlTarget,
  image: string,
  now: number,
  signal: AbortSignal,
): Promise<HowJobRuns | undefined> {
  const headers = { "x-local-aws-image": image };
  const answer = await call(target, "GET /_local-aws/executor", now, signal, { headers });
  return answer?.status === 200 ? JSON.parse(answer.body) : undefined;
}

/**
 * Has a local AWS misbehave as the plan says (its README, "Faults"); an undefined plan takes back the one in force.
 *
 * @returns what is wrong with the plan; undefined where it is in force
 */
export async function requestFaults(
  target: ControlTarget,
  plan: string | undefined,
  now: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const method = plan === undefined ? "DELETE" : "PUT";
  const answer = await call(target, `${method} /_local-aws/faults`, now, signal, { body: plan });
  if (answer === undefined) return "Local AWS does not answer.";
  if (answer.status === 200) return undefined;
  try {
    const { message }: { message: unknown } = JSON.parse(answer.body);
    return String(message);
  } catch {
    return `Local AWS answered ${answer.status}.`;
  }
}

/** One request (`METHOD /path`) under Signature Version 4. Undefined where there is no answer. */
function call(
  { port, region, credentials }: ControlTarget,
  methodAndPath: string,
  now: number,
  signal: AbortSignal,
  {
    headers = {},
    body = "",
  }: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string | undefined } = {},
): Promise<{ readonly status: number; readonly body: string } | undefined> {
  const [method = "", path = ""] = methodAndPath.split(" ");
  const host = `127.0.0.1:${port}`;
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
  const payload = sha256(body);
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
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.end(body);
  });
}
