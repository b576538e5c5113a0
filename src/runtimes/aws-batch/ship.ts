import type { ArchiveInput, WrittenEntry } from "../../archive/types.ts";
import { packSmall, writeArchive } from "../../archive/write.ts";
import type { Aws } from "../../aws/clients.ts";
import { explained } from "../../aws/errors.ts";
import { formatS3Url, type S3Object } from "../../transfer/s3-url.ts";
import { putObject, uploadParts } from "../../transfer/upload.ts";
import { envdFiles, type Variables } from "../../workflow/envdir.ts";
import type { SelectedFile, Selection } from "../../workflow/types.ts";

/** Bytes of a part, unless so many would be needed that S3's limit of 10,000 is passed. */
const PART_SIZE = 8 * 1024 * 1024;
const MOST_PARTS = 9_500;

interface ShipOptions {
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface ShippedArchive {
  readonly etag: string;
  readonly entries: readonly WrittenEntry[];
}

/** Sends the selected files as one archive, made as it is sent. Throws UserError naming a file that can't be read. */
export async function shipArchive(
  aws: Aws,
  selection: Selection,
  target: S3Object,
  { signal, now }: ShipOptions,
): Promise<ShippedArchive> {
  const inputs = selection.files.map(toInput);
  const total = inputs.reduce((sum, { size }) => sum + size, 0);
  const archive = writeArchive(inputs, {
    partSize: Math.max(PART_SIZE, Math.ceil(total / MOST_PARTS)),
    // In the job the newer one wins, the archive's entry or the file: one from the future would always win.
    latestMtimeMs: now + (aws.clockOffset() ?? 0),
    signal,
  });
  const { etag } = await explained(`upload to ${formatS3Url(target)}`, signal, () =>
    uploadParts(aws.s3, target, archive.parts, { signal }),
  );
  return { etag, entries: archive.entries() };
}

function toInput({ path, kind, source, size, mtimeMs, mode }: SelectedFile): ArchiveInput {
  return { path, kind, source, size, mtimeMs, mode: mode & 0o777 };
}

/** Sends the job's variables as an env.d ZIP: never in the job's own settings, which everybody can read. */
export async function shipVariables(
  aws: Aws,
  variables: Variables,
  target: S3Object,
  { signal, now }: ShipOptions,
): Promise<void> {
  const inputs = envdFiles(variables).map(
    ({ name, content }): ArchiveInput => ({
      path: name,
      kind: "file",
      source: content,
      size: content.length,
      mtimeMs: now,
      mode: 0o600,
    }),
  );
  await storeObject(aws, target, await packSmall(inputs, { signal }), signal);
}

/** Sends something small. */
export async function storeObject(
  aws: Aws,
  target: S3Object,
  content: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  await explained(`upload to ${formatS3Url(target)}`, signal, () =>
    putObject(aws.s3, target, content, { signal }),
  );
}
