/** What was on the command line. */
export interface CheckSetupOptions {
  readonly json?: true;
  readonly setDefault?: true;
  readonly runJob?: true;
  readonly localAws?: true;
  readonly awsBatchJob?: string;
  readonly awsBatchQueue?: string;
  readonly awsBatchS3Bucket?: string;
  readonly awsBatchShare?: string;
  readonly awsBatchPriority?: string;
  readonly tag?: readonly string[];
}
