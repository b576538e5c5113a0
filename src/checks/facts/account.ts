import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import type { Aws } from "../../aws/clients.ts";
import { look } from "../look.ts";
import type { Seen } from "../seen.ts";

/** Who the user is to AWS. */
export interface Identity {
  /** Twelve digits. */
  readonly account: string;
  /** `arn:aws:iam::123456789012:user/name`, `arn:aws:sts::…:assumed-role/ROLE/SESSION`, … */
  readonly arn: string;
  /** When the credentials end, in milliseconds since 1970; undefined where they don't, or don't tell. */
  readonly expiresAt: number | undefined;
}

/** Asks AWS who the user is (GetCallerIdentity), which takes no permission. */
export function seeIdentity(aws: Aws, signal: AbortSignal): Promise<Seen<Identity>> {
  return look(
    { doing: "ask AWS who you are", permission: "sts:GetCallerIdentity", signal },
    async (abortSignal) => {
      const { expiration } = await aws.s3.config.credentials();
      const sts = await aws.sts();
      const { Account = "", Arn = "" } = await sts.send(new GetCallerIdentityCommand({}), {
        abortSignal,
      });
      return { account: Account, arn: Arn, expiresAt: expiration?.getTime() };
    },
  );
}

/** The name of the role that somebody has assumed; undefined for users. */
export function assumedRole({ arn }: Pick<Identity, "arn">): string | undefined {
  return /:assumed-role\/([^/]+)\//.exec(arn)?.[1];
}
