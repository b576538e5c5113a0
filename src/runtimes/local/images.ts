import { UserError } from "../../errors.ts";
import type { Sourced } from "../../settings.ts";
import type { Variables } from "../../workflow/envdir.ts";
import { supportsEnvd } from "../../workflow/image.ts";

/** Throws UserError where there are variables for an image that is known to be too old to take them. */
export function requireEnvd({ value, source }: Sourced<string>, variables: Variables): void {
  if (variables.size === 0 || supportsEnvd(value)) return;
  throw new UserError(
    `Programs in the image ${value} (from ${source}) can't be given environment variables: it is too old.`,
    { hint: "Use a newer image, or pass no variables (unset AWS_ACCESS_KEY_ID and the like here)." },
  );
}
