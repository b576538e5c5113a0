import { AwsError } from "../../http.ts";
import type { JobSurroundings } from "../container-environment.ts";
import { isJson } from "../fields.ts";
import type { Home } from "../names.ts";
import type { Scheduler } from "../scheduler.ts";
import type { Store } from "../store.ts";
import type { Json } from "../types.ts";

/** What operations work on. */
export interface BatchContext extends Home {
  readonly store: Store;
  readonly scheduler: Scheduler;
  /** What jobs of a role sign with; undefined where there is no such role. */
  readonly roleCredentials?: JobSurroundings["roleCredentials"];
  now(): number;
}

/** One operation of the API: the request's JSON in, the response's out. Throws an AwsError. */
export type Operation = (input: Json, context: BatchContext) => Json | Promise<Json>;

/** Parses a body that may be empty. Throws an AwsError where it is no JSON object. */
export function parseBody(body: string): Json {
  if (body.trim() === "") return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new AwsError("SerializationException", "The request body is not valid JSON.", 400);
  }
  if (isJson(parsed)) return parsed;
  throw new AwsError("SerializationException", "The request body is not a JSON object.", 400);
}
