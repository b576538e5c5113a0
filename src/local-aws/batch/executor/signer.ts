import { createHash, createHmac } from "node:crypto";

/** What a request is signed with: the variables that every AWS client reads. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region: string;
}

/**
 * Headers that sign a request to S3 whose payload is not hashed (AWS Signature Version 4, `UNSIGNED-PAYLOAD`), so that it
 * can be streamed. `path` is percent-encoded already; there is no query.
 */
export function signedHeaders(
  request: { readonly method: string; readonly host: string; readonly path: string },
  credentials: Credentials,
  time: Date,
): Record<string, string> {
  const stamp = time.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${stamp.slice(0, 8)}/${credentials.region}/s3/aws4_request`;
  const headers: Record<string, string> = {
    host: request.host,
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-date": stamp,
    ...(credentials.sessionToken ? { "x-amz-security-token": credentials.sessionToken } : {}),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    request.method,
    request.path,
    "",
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    names.join(";"),
    "UNSIGNED-PAYLOAD",
  ].join("\n");
  const hash = createHash("sha256").update(canonical).digest("hex");
  const toSign = ["AWS4-HMAC-SHA256", stamp, scope, hash].join("\n");
  const key = scope
    .split("/")
    .reduce<Buffer>(
      (previous, part) => hmac(previous, part),
      Buffer.from(`AWS4${credentials.secretAccessKey}`),
    );
  const signature = hmac(key, toSign).toString("hex");
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
