import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Bucket, BucketRecord, OpenUpload, StoredObject, StoredPart, Upload } from "../types.ts";
import { namesIn, readJson } from "./json-files.ts";
import { createSortedKeys } from "./sorted-keys.ts";

/** Reads all buckets, and says which data files belong to them. Half-removed buckets and uploads are cleared away. */
export async function loadBuckets(
  root: string,
): Promise<{ buckets: Map<string, Bucket>; referenced: Set<string> }> {
  const buckets = new Map<string, Bucket>();
  const referenced = new Set<string>();
  for (const name of await namesIn(root)) {
    const directory = join(root, name);
    if (!(await namesIn(directory)).includes("bucket.json")) {
      await rm(directory, { recursive: true, force: true });
      continue;
    }
    const record = await readJson<BucketRecord>(join(directory, "bucket.json"));
    const bucket: Bucket = { record, objects: createSortedKeys(), uploads: new Map() };
    buckets.set(name, bucket);
    await loadObjects(join(directory, "objects"), bucket, referenced);
    await loadUploads(join(directory, "uploads"), bucket, referenced);
  }
  return { buckets, referenced };
}

async function loadObjects(directory: string, bucket: Bucket, referenced: Set<string>): Promise<void> {
  for (const folder of await namesIn(directory)) {
    for (const name of await namesIn(join(directory, folder))) {
      const object = await readJson<StoredObject>(join(directory, folder, name));
      bucket.objects.set(object.key, object);
      for (const { file } of object.segments) referenced.add(file);
    }
  }
}

async function loadUploads(directory: string, bucket: Bucket, referenced: Set<string>): Promise<void> {
  for (const id of await namesIn(directory)) {
    const upload = await loadUpload(join(directory, id));
    const parts = [...(upload?.parts.values() ?? [])];
    // Data that is an object's already: the process died between completing the upload and clearing it away.
    const completed = parts.some(({ file }) => referenced.has(file));
    if (upload === undefined || completed) {
      await rm(join(directory, id), { recursive: true, force: true });
      continue;
    }
    bucket.uploads.set(id, upload);
    for (const { file } of parts) referenced.add(file);
  }
}

async function loadUpload(directory: string): Promise<OpenUpload | undefined> {
  const names = await namesIn(directory);
  if (!names.includes("upload.json")) return undefined;
  const upload = await readJson<Upload>(join(directory, "upload.json"));
  const parts = new Map<number, StoredPart>();
  for (const name of names.filter((other) => other !== "upload.json")) {
    const part = await readJson<StoredPart>(join(directory, name));
    parts.set(part.number, part);
  }
  return { ...upload, parts };
}
