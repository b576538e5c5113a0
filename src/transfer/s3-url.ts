/** An object in S3. */
export interface S3Object {
  readonly bucket: string;
  readonly key: string;
}

export function formatS3Url({ bucket, key }: S3Object): string {
  return `s3://${bucket}/${key}`;
}

/** The object that `s3://bucket/key` names; undefined where the text has another form. */
export function parseS3Url(url: string): S3Object | undefined {
  const match = /^s3:\/\/([^/]+)\/(.+)$/.exec(url);
  return match?.[1] && match[2] ? { bucket: match[1], key: match[2] } : undefined;
}
