import type { IncomingHttpHeaders } from "node:http";
import { AwsError, type ServiceRequest } from "../http.ts";
import { type Reads, refuseUnread } from "../unread.ts";
import { parseXml, type XmlNode } from "../xml.ts";
import {
  ALGORITHMS,
  type Algorithm,
  algorithmOf,
  type Checksum,
  checksumHeader,
  checksumLength,
  createHasher,
} from "./checksums.ts";
import { invalidRequest } from "./errors.ts";

const MAX_OBJECT_BODY = 5 * 1024 ** 3;
const MAX_XML_BODY = 8 * 1024 ** 2;

/** A body that is hashed while it is read. */
export interface HashedBody {
  /** To be read once. Fails at its end where a hash that the client sent does not match. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Hex; known once `chunks` has ended, like the rest. */
  md5(): string;
  /** The one the client sent, else one by the algorithm asked for, else undefined. */
  checksum(): Checksum | undefined;
}

/** The checksum that a request carries: in a header, or in a trailing header that is still to come. */
export interface AnnouncedChecksum {
  readonly algorithm: Algorithm;
  /** Undefined: it comes in a trailer. */
  readonly value: string | undefined;
}

/** @throws AwsError InvalidRequest where several are announced, or one is and does not come */
export function announcedChecksum(headers: IncomingHttpHeaders): AnnouncedChecksum | undefined {
  const trailer = String(headers["x-amz-trailer"] ?? "").toLowerCase();
  const found = ALGORITHMS.flatMap((algorithm): AnnouncedChecksum[] => {
    const name = checksumHeader(algorithm);
    const value = headers[name];
    const promised = trailer.split(",").some((one) => one.trim() === name);
    if (typeof value === "string") return [{ algorithm, value }];
    return promised ? [{ algorithm, value: undefined }] : [];
  });
  if (found.length > 1) {
    throw invalidRequest(
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  }
  const [announced] = found;
  if (announced === undefined && headers["x-amz-sdk-checksum-algorithm"] !== undefined) {
    throw invalidRequest(
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  }
  if (announced?.value !== undefined) checkForm(announced.algorithm, announced.value);
  return announced;
}

/**
 * Hashes a request's body as it is read: always MD5 (it makes the ETag), and the checksum that the client announced.
 *
 * @param wanted the algorithm to use where the client announced none
 * @throws AwsError (from `chunks`) BadDigest, InvalidRequest
 */
export function hashBody(request: ServiceRequest, wanted?: Algorithm): HashedBody {
  const announced = announcedChecksum(request.headers);
  const contentMd5 = parseContentMd5(request.headers["content-md5"]);
  const algorithm = announced?.algorithm ?? wanted;
  const md5Hasher = createHasher("MD5");
  const hasher = algorithm === undefined ? undefined : createHasher(algorithm);
  let md5: Buffer | undefined;
  let checksum: Checksum | undefined;

  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of request.body) {
      md5Hasher.update(chunk);
      hasher?.update(chunk);
      yield chunk;
    }
    md5 = md5Hasher.digest();
    if (contentMd5 !== undefined && !contentMd5.equals(md5)) {
      throw badDigest("The Content-MD5 you specified did not match what we received.");
    }
    if (algorithm === undefined || hasher === undefined) return;
    const value = hasher.digest().toString("base64");
    checksum = { algorithm, type: "FULL_OBJECT", value };
    if (announced === undefined) return;
    const sent = announced.value ?? request.trailers.get(checksumHeader(algorithm)) ?? "";
    checkForm(algorithm, sent);
    if (sent !== value) {
      throw badDigest(`The ${algorithm} you specified did not match the calculated checksum.`);
    }
  }

  return {
    chunks: chunks(),
    md5: () => (md5 ?? unfinished()).toString("hex"),
    checksum: () => (md5 === undefined ? unfinished() : checksum),
  };
}

function unfinished(): never {
  throw new Error("the body has not been read to its end");
}

/** A small XML body, its checksums verified. @throws AwsError MalformedXML too */
export async function readXml(request: ServiceRequest, root: string): Promise<XmlNode> {
  return parseXml(await readText(request), root);
}

/** A 501 for the first element in another that is not read. */
export function refuseUnreadElements(operation: string, node: XmlNode, reads: Reads): void {
  if (typeof node !== "string") refuseUnread(operation, node, ["#text", ...reads]);
}

/** A small body as text. */
export async function readText(request: ServiceRequest): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of hashBody(request).chunks) {
    length += piece.length;
    if (length > MAX_XML_BODY) {
      throw new AwsError("MaxMessageLengthExceeded", "Your request was too big.");
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** The size of an object's or a part's body must be known from the start. @throws AwsError */
export function checkLength(headers: IncomingHttpHeaders): void {
  const decoded = headers["x-amz-decoded-content-length"];
  const length = typeof decoded === "string" ? decoded : headers["content-length"];
  if (length === undefined) {
    throw new AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411);
  }
  if (Number(length) > MAX_OBJECT_BODY) {
    throw new AwsError(
      "EntityTooLarge",
      "Your proposed upload exceeds the maximum allowed object size",
      400,
      { ProposedSize: length, MaxSizeAllowed: String(MAX_OBJECT_BODY) },
    );
  }
}

/** @throws AwsError InvalidArgument where there is no such algorithm */
export function requiredAlgorithm(name: string): Algorithm {
  const algorithm = algorithmOf(name);
  if (algorithm !== undefined) return algorithm;
  throw invalidRequest(
    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
  );
}

function checkForm(algorithm: Algorithm, value: string): void {
  const bytes = Buffer.from(value, "base64");
  if (bytes.length === checksumLength(algorithm) && bytes.toString("base64") === value) return;
  throw invalidRequest(`Value for ${checksumHeader(algorithm)} header is invalid.`);
}

function parseContentMd5(value: string | string[] | undefined): Buffer | undefined {
  if (value === undefined) return undefined;
  const bytes = Buffer.from(String(value), "base64");
  if (bytes.length === 16 && bytes.toString("base64") === value) return bytes;
  throw new AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.");
}

function badDigest(message: string): AwsError {
  return new AwsError("BadDigest", message);
}
