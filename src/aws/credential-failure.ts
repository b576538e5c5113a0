import { UserError } from "../errors.ts";

/** The SDK's name for credentials that could not be had: they may be there later, so a watch waits for them. */
class ProviderError extends Error {
  override readonly name = "CredentialsProviderError";
}

/** Why there are no credentials, with the next step; counts as a failure of credentials, which a watch waits out. */
export function credentialFailure(message: string, hint: string): UserError {
  return new UserError(message, { hint, cause: new ProviderError(message) });
}
