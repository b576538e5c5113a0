import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@smithy/types";

/** Credentials that end sooner are read anew before they are used. Milliseconds. */
const RENEWED_BEFORE_END = 5 * 60_000;

/**
 * One store of credentials for all clients, which would each read their own: where a person or a program is asked for them, that
 * is once. They are read again when they are about to end, and when a client says that AWS no longer takes them.
 */
export function shareCredentials(
  read: AwsCredentialIdentityProvider,
  now: () => number,
): AwsCredentialIdentityProvider {
  let held: AwsCredentialIdentity | undefined;
  let reading: Promise<AwsCredentialIdentity> | undefined;
  const endsWithin = ({ expiration }: AwsCredentialIdentity, time: number) =>
    expiration !== undefined && expiration.getTime() - now() < time;

  const provider: AwsCredentialIdentityProvider = async (options) => {
    const { forceRefresh = false } = (options ?? {}) as { readonly forceRefresh?: boolean };
    if (held !== undefined && !forceRefresh && !endsWithin(held, RENEWED_BEFORE_END)) return held;
    reading ??= read(options).finally(() => {
      reading = undefined;
    });
    try {
      held = await reading;
    } catch (error) {
      // They may still be good for a while.
      if (held === undefined || forceRefresh || endsWithin(held, 0)) throw error;
    }
    return held;
  };
  // Keeps the SDK's clients from putting a store of their own before it.
  return Object.assign(provider, { memoized: true });
}
