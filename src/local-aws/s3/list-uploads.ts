import type { ServiceResponse } from "../http.ts";
import type { Call } from "./call.ts";
import { numberParameter } from "./conditions.ts";
import { commonParameters } from "./list.ts";
import { bucketOf } from "./lookup.ts";
import { isoDate, xmlResponse } from "./respond.ts";
import { compareUtf8 } from "./store/sorted-keys.ts";
import type { Upload } from "./types.ts";

const MAX_UPLOADS = 1000;

/** Unfinished uploads by key, then by id. */
export async function listMultipartUploads(call: Call): Promise<ServiceResponse> {
  const { query } = call.request;
  const { prefix, delimiter, encodingType, encode } = commonParameters(call);
  const keyMarker = query.get("key-marker") ?? "";
  const idMarker = query.get("upload-id-marker") ?? "";
  const limits = { min: 1, max: 2 ** 31 - 1, fallback: MAX_UPLOADS };
  const maxUploads = Math.min(numberParameter("max-uploads", query.get("max-uploads"), limits), MAX_UPLOADS);

  const uploads = [...bucketOf(call).uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .filter((upload) => isAfter(upload, keyMarker, idMarker))
    .sort((a, b) => compareUtf8(a.key, b.key) || compareUtf8(a.id, b.id));

  const listed: Upload[] = [];
  const commonPrefixes: string[] = [];
  let next: { key: string; id: string } | undefined;
  let truncated = false;
  for (const upload of uploads) {
    const end = delimiter === "" ? -1 : upload.key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : upload.key.slice(0, end + delimiter.length);
    if (common !== undefined && (common === keyMarker || common === commonPrefixes.at(-1))) continue;
    truncated = listed.length + commonPrefixes.length >= maxUploads;
    if (truncated) break;
    if (common === undefined) listed.push(upload);
    else commonPrefixes.push(common);
    next = common === undefined ? { key: upload.key, id: upload.id } : { key: common, id: "" };
  }

  return xmlResponse("ListMultipartUploadsResult", {
    Bucket: call.bucketName,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: idMarker,
    NextKeyMarker: truncated && next ? encode(next.key) : undefined,
    NextUploadIdMarker: truncated && next ? next.id : undefined,
    Prefix: encode(prefix),
    Delimiter: delimiter === "" ? undefined : encode(delimiter),
    MaxUploads: maxUploads,
    EncodingType: encodingType,
    IsTruncated: truncated,
    Upload: listed.map(({ id, key, initiated, storageClass, algorithm, checksumType }) => ({
      UploadId: id,
      Key: encode(key),
      Initiated: isoDate(initiated),
      StorageClass: storageClass,
      ChecksumAlgorithm: algorithm,
      ChecksumType: checksumType,
    })),
    CommonPrefixes: commonPrefixes.map((common) => ({ Prefix: encode(common) })),
  });
}

/** Without an id marker, all uploads of the marker's key have been listed. */
function isAfter({ key, id }: Upload, keyMarker: string, idMarker: string): boolean {
  const order = compareUtf8(key, keyMarker);
  return order > 0 || (order === 0 && idMarker !== "" && compareUtf8(id, idMarker) > 0);
}
