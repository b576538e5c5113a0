import type { ServiceResponse } from "../http.ts";
import { renderXml, type XmlContent } from "../xml.ts";
import { type Checksum, checksumElement, checksumHeader } from "./checksums.ts";

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

export function xmlResponse(
  root: string,
  content: XmlContent,
  headers: Readonly<Record<string, string>> = {},
): ServiceResponse {
  return {
    status: 200,
    headers: { "content-type": "application/xml", ...headers },
    body: renderXml(root, content, NAMESPACE),
  };
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** As S3's XML has dates: ISO 8601 with milliseconds. */
export function isoDate(time: number): string {
  return new Date(time).toISOString();
}

export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type };
}

export function checksumElements(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {};
  return { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type };
}

/** Buckets encrypt what is put in them, S3 says so each time; here it is a word only. */
export const ENCRYPTION_HEADER = { "x-amz-server-side-encryption": "AES256" } as const;
