import type { Algorithm, Checksum, ChecksumType } from "./checksums.ts";
import type { SortedKeys } from "./store/sorted-keys.ts";

/** A data file's share of an object: all of it, in the object's order. */
export interface Segment {
  /** Name of the data file. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
}

/** What is said of an object when it is written, and given back when it is read. */
export interface Description {
  /** `content-type` and the like, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata: what follows `x-amz-meta-`, lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly storageClass: string;
}

export interface StoredObject extends Description {
  readonly key: string;
  /** Without quotes. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970, whole seconds: HTTP's dates have no finer ones. */
  readonly lastModified: number;
  readonly checksum: Checksum | undefined;
  /** More than one only in objects that were uploaded in parts. */
  readonly segments: readonly Segment[];
  /** Number of parts; undefined where the object was uploaded in one go. */
  readonly partCount: number | undefined;
  /** The upload that made it: whoever completes that once more is told of this object. */
  readonly uploadId?: string;
}

export interface StoredPart extends Segment {
  readonly number: number;
  readonly etag: string;
  readonly lastModified: number;
  readonly checksum: Checksum | undefined;
}

/** A multipart upload under way. */
export interface Upload extends Description {
  readonly id: string;
  readonly key: string;
  readonly initiated: number;
  /** What the upload was created with; undefined: no checksums demanded. */
  readonly algorithm: Algorithm | undefined;
  readonly checksumType: ChecksumType | undefined;
}

export interface OpenUpload extends Upload {
  readonly parts: Map<number, StoredPart>;
}

export interface BucketRecord {
  readonly name: string;
  readonly createdAt: number;
  readonly region: string;
  /** Stored configurations by query name (`lifecycle`, `policy`, …), as the client sent them. */
  readonly configurations: Readonly<Record<string, string>>;
}

export interface Bucket {
  record: BucketRecord;
  readonly objects: SortedKeys<StoredObject>;
  readonly uploads: Map<string, OpenUpload>;
}
