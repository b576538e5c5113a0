import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type Credentials, signedHeaders } from "./signer.ts";

export type Environment = Readonly<Record<string, string>>;

/** S3 said no, or could not be reached; the message is fit for the job's log. */
export class CopyError extends Error {
  override readonly name = "CopyError";
  readonly isTransient: boolean;

  constructor(message: string, isTransient: boolean) {
    super(message);
    this.isTransient = isTransient;
  }
}

/** `aws s3 cp s3://… file`: streams the object to disk. Throws a CopyError. */
export function download(url: string, file: string, environment: Environment): Promise<void> {
  return retrying(async () => {
    const response = await send("GET", url, environment);
    await pipeline(response, createWriteStream(file));
  });
}

/** `aws s3 cp file s3://…`: streams the file from disk. Throws a CopyError. */
export function upload(file: string, url: string, environment: Environment): Promise<void> {
  return retrying(async () => {
    const { size } = await stat(file);
    (await send("PUT", url, environment, { open: () => createReadStream(file), size })).resume();
  });
}

/** `aws s3 cp - s3://…`: what flows in, held in memory until its size is known. Throws a CopyError. */
export async function uploadStream(input: Readable, url: string, environment: Environment): Promise<void> {
  const body = await buffer(input);
  await retrying(async () => {
    (await send("PUT", url, environment, { open: () => Readable.from([body]), size: body.length })).resume();
  });
}

/** `aws s3 rm s3://…`. Throws a CopyError. */
export function remove(url: string, environment: Environment): Promise<void> {
  return retrying(async () => {
    (await send("DELETE", url, environment)).resume();
  });
}

/** More than the five of the `aws` command: a job may be given a server that fails one request in five, on purpose. */
const TRIES = 10;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;

/** Tries again what may yet succeed, for about 15 seconds of pauses in all. */
async function retrying(action: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      const failure =
        error instanceof CopyError
          ? error
          : new CopyError(error instanceof Error ? error.message : String(error), true);
      if (!failure.isTransient || attempt === TRIES) throw failure;
      await sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
    }
  }
}

async function send(
  method: "GET" | "PUT" | "DELETE",
  url: string,
  environment: Environment,
  body?: { readonly open: () => Readable; readonly size: number },
): Promise<IncomingMessage> {
  const target = objectUrl(url, environment);
  const headers = {
    ...signedHeaders(
      { method, host: target.host, path: target.pathname },
      await credentialsOf(environment),
      new Date(),
    ),
    ...(body ? { "content-length": String(body.size), "content-type": "application/zip" } : {}),
  };
  const request = (target.protocol === "https:" ? httpsRequest : httpRequest)(target, { method, headers });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", reject);
  });
  if (body) {
    // An answer that comes before the whole body was sent cuts the body off; the answer is what counts.
    pipeline(body.open(), request).catch(() => undefined);
  } else {
    request.end();
  }
  const answer = await response;
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  const content = await text(answer).finally(() => {
    // What of the body nobody takes would keep this process alive until the server hangs up.
    request.destroy();
  });
  const code = /<Code>([^<]*)</.exec(content)?.[1] ?? String(status);
  const message = /<Message>([^<]*)</.exec(content)?.[1] ?? "";
  throw new CopyError(
    `An error occurred (${code}) when calling the ${method} of ${url}: ${message}`,
    status >= 500 || status === 429,
  );
}

/** Path-style address of `s3://bucket/key`. */
function objectUrl(url: string, environment: Environment): URL {
  const match = /^s3:\/\/([^/]+)\/(.+)$/s.exec(url);
  if (!match?.[1] || !match[2]) throw new CopyError(`not an S3 URL: ${url}`, false);
  const endpoint =
    environment.AWS_ENDPOINT_URL_S3 ||
    environment.AWS_ENDPOINT_URL ||
    `https://s3.${regionOf(environment)}.amazonaws.com`;
  const key = match[2].split("/").map(encode).join("/");
  return new URL(`${endpoint.replace(/\/+$/, "")}/${match[1]}/${key}`);
}

function encode(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** By the environment or, without a key there, by the role of the instance, as every AWS client looks for them. */
async function credentialsOf(environment: Environment): Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  const region = regionOf(environment);
  if (AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) {
    const sessionToken = AWS_SESSION_TOKEN || undefined;
    return { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, sessionToken, region };
  }
  const found = await instanceCredentials(environment.AWS_EC2_METADATA_SERVICE_ENDPOINT).catch(
    () => undefined,
  );
  if (found === undefined) throw new CopyError("Unable to locate credentials", false);
  return { ...found, region };
}

/** The credentials of the instance's role (IMDSv2); undefined where it has none. */
async function instanceCredentials(
  endpoint: string | undefined,
): Promise<Omit<Credentials, "region"> | undefined> {
  if (!endpoint) return undefined;
  const page = async (path: string, init: RequestInit) => {
    const response = await fetch(`${endpoint}/latest/${path}`, init);
    return response.ok ? await response.text() : undefined;
  };
  const token = await page("api/token", {
    method: "PUT",
    headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" },
  });
  if (token === undefined) return undefined;
  const headers = { "x-aws-ec2-metadata-token": token };
  const directory = "meta-data/iam/security-credentials/";
  const role = await page(directory, { headers });
  const text = role && (await page(`${directory}${role}`, { headers }));
  if (!text) return undefined;
  const { AccessKeyId, SecretAccessKey, Token } = JSON.parse(text) as Record<string, string>;
  if (!AccessKeyId || !SecretAccessKey) return undefined;
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token || undefined };
}

function regionOf(environment: Environment): string {
  return environment.AWS_DEFAULT_REGION || environment.AWS_REGION || "us-east-1";
}
