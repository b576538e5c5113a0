import type { S3Client } from "@aws-sdk/client-s3";
import type { BuildHandler, BuildHandlerArguments } from "@smithy/types";

const HASH = "x-amz-content-sha256";
const CHECKSUM = "x-amz-checksum-crc32";

interface Request {
  readonly protocol: string;
  readonly headers: Record<string, string>;
}

/**
 * Leaves bodies that have a CRC-32 out of the signature, where nobody can change them on the way: over TLS, or on this computer. Their
 * SHA-256 would take longer than all else that is done with them; S3 checks the CRC-32, which is signed. See "Unsigned payload option" in
 * the guide to Signature Version 4.
 */
export function leaveBodiesUnsigned(s3: S3Client, isOnThisComputer: boolean): void {
  const unsign =
    <Input extends object, Output extends object>(next: BuildHandler<Input, Output>) =>
    (given: BuildHandlerArguments<Input>) => {
      const { protocol, headers } = given.request as Request;
      if (CHECKSUM in headers && (protocol === "https:" || isOnThisComputer)) {
        headers[HASH] = "UNSIGNED-PAYLOAD";
      }
      return next(given);
    };
  // The checksum is put there in the same step.
  s3.middlewareStack.add(unsign, { step: "build", priority: "low", name: "leaveBodiesUnsigned" });
}
