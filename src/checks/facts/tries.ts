import { randomUUID } from "node:crypto";
import { DescribeJobsCommand } from "@aws-sdk/client-batch";
import { GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Aws } from "../../aws/clients.ts";
import { LOG_GROUP } from "../../aws/log-place.ts";
import { look } from "../look.ts";
import type { Seen } from "../seen.ts";

/** How each action went that was tried: `seen` where AWS let it happen. */
export type Tries = ReadonlyMap<string, Seen<true>>;

/** Milliseconds that taking the probe away may take after the program was told to end. */
const GRACE = 10_000;

/**
 * Tries what a build does and what leaves nothing behind: a tiny object is written, read and deleted; a job and a log
 * that can't exist are asked for. Unlike a simulation it counts a bucket's own policy and its keys, too.
 */
export async function tryPermissions(
  aws: Aws,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  signal: AbortSignal,
): Promise<Tries> {
  const attempt = async (
    permission: string,
    request: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<readonly [string, Seen<true>]> => {
    const seen = await look<true>({ doing: `try ${permission}`, permission, signal }, async (until) => {
      await request(until);
      return true;
    });
    // There is nothing of that name, and whoever is told so may ask. What can be absent to an upload is only the key to encrypt it with.
    const isAnswer = seen.kind === "absent" && permission !== "s3:PutObject";
    return [permission, isAnswer ? { kind: "seen", value: true } : seen];
  };
  const probe = { Bucket: bucket, Key: `${prefix}nextstrain-check-setup-${randomUUID()}` };
  const tryBucket = async () => {
    const remove = (until: AbortSignal) =>
      aws.s3.send(new DeleteObjectCommand(probe), { abortSignal: until });
    try {
      return [
        await attempt("s3:PutObject", (abortSignal) =>
          aws.s3.send(new PutObjectCommand({ ...probe, Body: "nextstrain check-setup\n" }), { abortSignal }),
        ),
        await attempt("s3:GetObject", async (abortSignal) => {
          const { Body } = await aws.s3.send(new GetObjectCommand(probe), { abortSignal });
          await Body?.transformToByteArray();
        }),
        await attempt("s3:DeleteObject", remove),
      ];
    } finally {
      if (signal.aborted) await remove(AbortSignal.timeout(GRACE)).catch(() => {});
    }
  };
  const nothing = randomUUID();
  const [objects, jobs, log] = await Promise.all([
    tryBucket(),
    attempt("batch:DescribeJobs", (abortSignal) =>
      aws.batch.send(new DescribeJobsCommand({ jobs: [nothing] }), { abortSignal }),
    ),
    attempt("logs:GetLogEvents", (abortSignal) =>
      aws.logs.send(new GetLogEventsCommand({ logGroupName: LOG_GROUP, logStreamName: nothing, limit: 1 }), {
        abortSignal,
      }),
    ),
  ]);
  return new Map([...objects, jobs, log]);
}
