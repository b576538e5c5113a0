import { randomUUID } from "node:crypto";
import { DeleteObjectCommand, PutObjectCommand, type PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { Aws } from "../../aws/clients.ts";
import type { Encryption } from "../../aws/encryption.ts";
import type { Refusal } from "../../aws/refusal.ts";
import { look } from "../look.ts";
import type { Seen } from "../seen.ts";

/** Which encryption headers a bucket wants uploads to have. */
export type UploadHeaders =
  /** It takes uploads without any, as the image makes them. */
  | { readonly kind: "any" }
  /** It refuses those, and takes uploads with this header. */
  | {
      readonly kind: "demanded";
      readonly algorithm: Encryption["algorithm"];
      readonly refusal: Refusal | undefined;
    };

/** What a bucket that refuses an upload may want instead, where no setting says it. */
const GUESSES = ["AES256", "aws:kms"] as const;

/** Milliseconds that taking the probe away may take. */
const GRACE = 10_000;

type Headers = Pick<PutObjectCommandInput, "ServerSideEncryption" | "SSEKMSKeyId">;

/**
 * Tries whether the bucket takes an upload without encryption headers, as `aws s3 cp` in the image makes it; and if not, whether
 * it takes one with them. Absent where it takes neither: that is another matter, and told by the permissions.
 */
export async function seeUploadHeaders(
  aws: Aws,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  signal: AbortSignal,
): Promise<Seen<UploadHeaders>> {
  const probe = { Bucket: bucket, Key: `${prefix}nextstrain-check-setup-${randomUUID()}` };
  const put = (headers: Headers) =>
    look({ doing: "try s3:PutObject", permission: "s3:PutObject", signal }, async (abortSignal) => {
      const input = { ...probe, Body: "nextstrain check-setup\n", ...headers };
      await aws.s3.send(new PutObjectCommand(input), { abortSignal });
      return true;
    });
  const attempt = async (): Promise<Seen<UploadHeaders>> => {
    // Named, so that the client adds none of its own.
    const plain = await put({ ServerSideEncryption: undefined });
    if (plain.kind === "seen") return { kind: "seen", value: { kind: "any" } };
    if (plain.kind !== "denied") return { kind: "absent" };
    for (const headers of headersToTry(aws.encryption)) {
      const answer = await put(headers);
      const algorithm = headers.ServerSideEncryption;
      if (answer.kind !== "seen") continue;
      return { kind: "seen", value: { kind: "demanded", algorithm, refusal: plain.refusal } };
    }
    return { kind: "absent" };
  };
  try {
    return await attempt();
  } finally {
    const until = AbortSignal.timeout(GRACE);
    await aws.s3.send(new DeleteObjectCommand(probe), { abortSignal: until }).catch(() => {});
  }
}

function headersToTry(encryption: Encryption | undefined) {
  if (encryption === undefined) return GUESSES.map((ServerSideEncryption) => ({ ServerSideEncryption }));
  const { algorithm, keyId } = encryption;
  return [{ ServerSideEncryption: algorithm, ...(keyId === undefined ? {} : { SSEKMSKeyId: keyId }) }];
}
