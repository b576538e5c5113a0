import {
  type AwsCredentialIdentity,
  type HandlerExecutionContext,
  type InitializeHandler,
  type InitializeHandlerArguments,
  SMITHY_CONTEXT_KEY,
} from "@smithy/types";
import { isCredentialFailure } from "./errors.ts";

/** Of a client's configuration: gives the credentials it holds, or reads them anew. */
export type CredentialsOfClient = (options?: {
  readonly forceRefresh?: boolean;
}) => Promise<AwsCredentialIdentity>;

/** Credentials that end sooner than they can be used are of no use. */
const MOST_RENEWALS = 3;

/**
 * A middleware that answers a refusal of the credentials by reading them from where they came from (the SDK keeps those that don't
 * say when they end for ever) and, where they are others now, sending the request again: what was refused was not carried out.
 */
export function renewWhereRefused(credentials: CredentialsOfClient) {
  return <Input extends object, Output extends object>(
    next: InitializeHandler<Input, Output>,
    context: HandlerExecutionContext,
  ) =>
    async (request: InitializeHandlerArguments<Input>) => {
      for (let renewals = 0; ; renewals += 1) {
        try {
          return await next(request);
        } catch (error) {
          const used = usedIdentity(context);
          if (!isCredentialFailure(error) || used === undefined || renewals === MOST_RENEWALS) throw error;
          const renewed = await others(used).catch(() => undefined);
          // Where they can't be renewed, the refusal says more than that.
          if (renewed === undefined) throw error;
        }
      }
    };

  /** Credentials other than these, which another request may have renewed in the meantime; undefined where there are none. */
  async function others(used: AwsCredentialIdentity): Promise<AwsCredentialIdentity | undefined> {
    const held = await credentials();
    const now = isSame(held, used) ? await credentials({ forceRefresh: true }) : held;
    return isSame(now, used) ? undefined : now;
  }
}

/** What the SDK signed the request with. */
function usedIdentity(context: HandlerExecutionContext): AwsCredentialIdentity | undefined {
  const identity = context[SMITHY_CONTEXT_KEY]?.selectedHttpAuthScheme?.identity;
  return identity !== undefined && "accessKeyId" in identity
    ? (identity as AwsCredentialIdentity)
    : undefined;
}

function isSame(one: AwsCredentialIdentity, other: AwsCredentialIdentity): boolean {
  return (
    one.accessKeyId === other.accessKeyId &&
    one.secretAccessKey === other.secretAccessKey &&
    one.sessionToken === other.sessionToken
  );
}
