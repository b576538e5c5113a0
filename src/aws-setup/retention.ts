/** The days that PutRetentionPolicy takes. */
export const RETENTIONS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** The shortest time that CloudWatch Logs can keep lines for which is not shorter than so many days: S3 takes any number. */
export function logRetention(days: number): number {
  return RETENTIONS.find((known) => known >= days) ?? 3653;
}
