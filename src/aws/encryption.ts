import type { S3Client } from "@aws-sdk/client-s3";
import type { HandlerExecutionContext, InitializeHandler, InitializeHandlerArguments } from "@smithy/types";
import { UsageError } from "../errors.ts";
import type { Sourced } from "../settings.ts";

const ALGORITHMS = ["AES256", "aws:kms", "aws:kms:dsse"] as const;

/** What the headers of uploads say of encryption (S3's `x-amz-server-side-encryption` and the key's id). */
export interface Encryption {
  readonly algorithm: (typeof ALGORITHMS)[number];
  /** Id, alias or name of resource of a key; undefined: the bucket's, or the account's own. */
  readonly keyId: string | undefined;
}

/** The encryption that the two settings name; undefined where neither is set. Throws UsageError. */
export function parseEncryption(
  sse: Sourced<string> | undefined,
  keyId: Sourced<string> | undefined,
): Encryption | undefined {
  if (sse === undefined) return keyId && { algorithm: "aws:kms", keyId: keyId.value };
  const algorithm = ALGORITHMS.find((one) => one === sse.value.trim());
  if (algorithm === undefined) {
    throw new UsageError(`"${sse.value}" (from ${sse.source}) is not an encryption of S3.`, {
      hint: `It is one of ${ALGORITHMS.join(", ")}.`,
    });
  }
  if (algorithm === "AES256" && keyId !== undefined) {
    throw new UsageError(
      `${keyId.source} names a key, and ${sse.source} an encryption without one (AES256).`,
      {
        hint: "Use aws:kms with a key, or take the key out.",
      },
    );
  }
  return { algorithm, keyId: keyId?.value };
}

const UPLOADS: ReadonlySet<string> = new Set(["PutObjectCommand", "CreateMultipartUploadCommand"]);

/**
 * Has every object that the client stores carry the headers: whoever adds an upload need not know of them. A request that names
 * `ServerSideEncryption` itself, be it as undefined, stays as it is.
 */
export function encryptUploads(
  s3: Pick<S3Client, "middlewareStack">,
  { algorithm, keyId }: Encryption,
): void {
  const headers = {
    ServerSideEncryption: algorithm,
    ...(keyId === undefined ? {} : { SSEKMSKeyId: keyId }),
  };
  const encrypt =
    <Input extends object, Output extends object>(
      next: InitializeHandler<Input, Output>,
      { commandName = "" }: HandlerExecutionContext,
    ) =>
    (request: InitializeHandlerArguments<Input>) =>
      UPLOADS.has(commandName) && !("ServerSideEncryption" in request.input)
        ? next({ ...request, input: { ...request.input, ...headers } })
        : next(request);
  s3.middlewareStack.add(encrypt, { step: "initialize", name: "encryptUploads" });
}
