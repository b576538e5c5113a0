import { randomUUID } from "node:crypto";
import type { JobId, RunId } from "./types.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ARCHIVE_URL = /^s3:\/\/[^/]+\/(?:.+\/)?([^/]+)\.zip$/;

/** A new run's id: a UUID v4. */
export function newRunId(): RunId {
  return randomUUID() as RunId;
}

/** Reads a run id, given as it is or as the URL of its archive, `s3://bucket/[prefix/]<uuid>.zip`. */
export function parseRunId(text: string): RunId | undefined {
  const id = ARCHIVE_URL.exec(text)?.[1] ?? text;
  return UUID.test(id) ? (id as RunId) : undefined;
}

/** Marks a text as the id that AWS Batch gave a job. */
export function toJobId(text: string): JobId {
  return text as JobId;
}
