export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}
