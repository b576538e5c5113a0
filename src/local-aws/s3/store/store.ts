import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type {
  Bucket,
  BucketRecord,
  OpenUpload,
  Segment,
  StoredObject,
  StoredPart,
  Upload,
} from "../types.ts";
import { type DataFiles, openDataFiles } from "./data-files.ts";
import { jsonWriter } from "./json-files.ts";
import { loadBuckets } from "./load.ts";
import { createLocks } from "./locks.ts";
import { createSortedKeys } from "./sorted-keys.ts";

/**
 * Buckets, objects and uploads: in memory for reading, every change on disk before it is answered. Changes to a bucket
 * are made under its lock, so that what a change was decided on still holds when it is made.
 */
export interface Store {
  readonly data: DataFiles;
  buckets(): readonly Bucket[];
  bucket(name: string): Bucket | undefined;
  /** Runs `work` while nobody else changes that bucket. */
  exclusively<Result>(bucketName: string, work: () => Promise<Result>): Promise<Result>;
  createBucket(record: BucketRecord): Promise<void>;
  updateBucket(bucket: Bucket, record: BucketRecord): Promise<void>;
  removeBucket(bucket: Bucket): Promise<void>;
  /** Puts an object in place of the one with its key, whose data goes. */
  putObject(bucket: Bucket, object: StoredObject): Promise<void>;
  removeObject(bucket: Bucket, key: string): Promise<void>;
  createUpload(bucket: Bucket, upload: Upload): Promise<void>;
  putPart(bucket: Bucket, upload: OpenUpload, part: StoredPart): Promise<void>;
  /** Ends an upload; the data of its parts goes, but for `kept`. */
  removeUpload(bucket: Bucket, upload: OpenUpload, kept: readonly Segment[]): Promise<void>;
}

/** Opens (or makes) a store, and clears away what a process that died in the middle has left. */
export async function openStore(directory: string): Promise<Store> {
  const temporary = join(directory, "tmp");
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  const root = join(directory, "buckets");
  await mkdir(root, { recursive: true, mode: 0o700 });
  const data = await openDataFiles(join(directory, "data"));
  const writeJson = jsonWriter(temporary);
  const locks = createLocks();
  const { buckets, referenced } = await loadBuckets(root);
  await data.sweep(referenced);

  const bucketPath = (bucket: Bucket | BucketRecord) =>
    join(root, "record" in bucket ? bucket.record.name : bucket.name);
  const uploadPath = (bucket: Bucket, upload: Upload) => join(bucketPath(bucket), "uploads", upload.id);

  return {
    data,
    buckets: () => [...buckets.values()],
    bucket: (name) => buckets.get(name),
    exclusively: locks,

    async createBucket(record) {
      await mkdir(join(bucketPath(record), "objects"), { recursive: true, mode: 0o700 });
      await mkdir(join(bucketPath(record), "uploads"), { recursive: true, mode: 0o700 });
      await writeJson(join(bucketPath(record), "bucket.json"), record);
      buckets.set(record.name, { record, objects: createSortedKeys(), uploads: new Map() });
    },

    async updateBucket(bucket, record) {
      await writeJson(join(bucketPath(bucket), "bucket.json"), record);
      bucket.record = record;
    },

    async removeBucket(bucket) {
      // Without its record a bucket is a leftover, whatever of it is still there.
      await rm(join(bucketPath(bucket), "bucket.json"));
      buckets.delete(bucket.record.name);
      await rm(bucketPath(bucket), { recursive: true, force: true });
      for (const upload of bucket.uploads.values()) await data.remove([...upload.parts.values()]);
    },

    async putObject(bucket, object) {
      const before = bucket.objects.get(object.key);
      const path = objectPath(bucketPath(bucket), object.key);
      await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
      await writeJson(path, object);
      bucket.objects.set(object.key, object);
      if (before !== undefined) await data.remove(before.segments);
    },

    async removeObject(bucket, key) {
      const before = bucket.objects.get(key);
      if (before === undefined) return;
      await rm(objectPath(bucketPath(bucket), key), { force: true });
      bucket.objects.delete(key);
      await data.remove(before.segments);
    },

    async createUpload(bucket, upload) {
      await mkdir(uploadPath(bucket, upload), { mode: 0o700 });
      await writeJson(join(uploadPath(bucket, upload), "upload.json"), upload);
      bucket.uploads.set(upload.id, { ...upload, parts: new Map() });
    },

    async putPart(bucket, upload, part) {
      const before = upload.parts.get(part.number);
      await writeJson(join(uploadPath(bucket, upload), `${part.number}.json`), part);
      upload.parts.set(part.number, part);
      if (before !== undefined) await data.remove([before]);
    },

    async removeUpload(bucket, upload, kept) {
      await rm(join(uploadPath(bucket, upload), "upload.json"), { force: true });
      bucket.uploads.delete(upload.id);
      await rm(uploadPath(bucket, upload), { recursive: true, force: true });
      const keptFiles = new Set(kept.map(({ file }) => file));
      await data.remove([...upload.parts.values()].filter(({ file }) => !keptFiles.has(file)));
    },
  };
}

/** Keys are any text up to 1,024 bytes, so files are named after their hash. */
function objectPath(bucketPath: string, key: string): string {
  const hash = createHash("sha256").update(key).digest("hex");
  return join(bucketPath, "objects", hash.slice(0, 2), `${hash.slice(2)}.json`);
}
