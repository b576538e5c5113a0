import type { ServiceResponse } from "../http.ts";
import type { Call } from "./call.ts";
import { invalidArgument } from "./errors.ts";
import { commonParameters, listPage, maxKeysOf } from "./list.ts";
import { bucketOf } from "./lookup.ts";
import { isoDate, quoted, xmlResponse } from "./respond.ts";

/** What each object of a bucket without versions has. */
const ONLY_VERSION = "null";

/** ListObjectVersions: every object, as the one version of it that there is. */
export async function listObjectVersions(call: Call): Promise<ServiceResponse> {
  const { query } = call.request;
  const { prefix, delimiter, encodingType, encode } = commonParameters(call);
  const keyMarker = query.get("key-marker") ?? "";
  const versionMarker = query.get("version-id-marker") ?? "";
  if (versionMarker !== "" && keyMarker === "") {
    throw invalidArgument(
      "A version-id marker cannot be specified without a key marker.",
      "version-id-marker",
      versionMarker,
    );
  }
  if (versionMarker !== "" && versionMarker !== ONLY_VERSION) {
    throw invalidArgument("Invalid version id specified", "version-id-marker", versionMarker);
  }
  const maxKeys = maxKeysOf(query);
  const page = listPage(bucketOf(call), { prefix, delimiter, after: keyMarker, maxKeys });
  const { next } = page;
  return xmlResponse("ListVersionsResult", {
    Name: call.bucketName,
    Prefix: encode(prefix),
    KeyMarker: encode(keyMarker),
    VersionIdMarker: versionMarker,
    NextKeyMarker: next === undefined ? undefined : encode(next),
    NextVersionIdMarker: page.objects.at(-1)?.key === next ? ONLY_VERSION : undefined,
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: encodingType,
    IsTruncated: next !== undefined,
    Version: page.objects.map(({ key, lastModified, etag, size, storageClass, checksum }) => ({
      Key: encode(key),
      VersionId: ONLY_VERSION,
      IsLatest: true,
      LastModified: isoDate(lastModified),
      ETag: quoted(etag),
      ChecksumAlgorithm: checksum?.algorithm,
      ChecksumType: checksum?.type,
      Size: size,
      StorageClass: storageClass,
      Owner: { ID: "local-aws", DisplayName: "local-aws" },
    })),
    CommonPrefixes: page.commonPrefixes.map((common) => ({ Prefix: encode(common) })),
  });
}
