import type { ServiceRequest } from "../http.ts";
import type { Store } from "./store/store.ts";

/** One call of an operation. */
export interface Call {
  readonly request: ServiceRequest;
  /** "" where the request is for the service. */
  readonly bucketName: string;
  /** "" where the request is for a bucket. */
  readonly key: string;
  readonly store: Store;
  /** The region that buckets are in, unless they were created with another. */
  readonly region: string;
  now(): number;
}
