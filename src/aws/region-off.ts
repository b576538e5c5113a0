import type { InitializeHandler, InitializeHandlerArguments } from "@smithy/types";
import { UserError } from "../errors.ts";
import type { Sourced } from "../settings.ts";
import { isRejection } from "./errors.ts";
import { isOptIn } from "./partition.ts";

/** The region is one that an account has to turn on, and has not. No failure of the credentials: others would not help. */
export class RegionOffError extends UserError {}

/** A region that every account has, and whose STS tells whom credentials belong to. */
export const HOME_REGION = "us-east-1";

/** What the credentials are to a region that is on. */
export interface KnownElsewhere {
  /** Whether they are temporary: those of STS's global endpoint work only in regions that are always on. */
  readonly temporary: boolean;
}

/**
 * A middleware that tells of a region that is off: its services say of any credentials that they are invalid. Where credentials
 * are rejected in a region that may be off, `ask` says what they are to one that is on; undefined where they are not known there
 * either. Throws {@link RegionOffError}.
 */
export function explainRegionOff(
  { value, source }: Sourced<string>,
  ask: () => Promise<KnownElsewhere | undefined>,
) {
  return <Input extends object, Output extends object>(next: InitializeHandler<Input, Output>) =>
    async (request: InitializeHandlerArguments<Input>) => {
      try {
        return await next(request);
      } catch (error) {
        if (!isOptIn(value) || !isRejection(error)) throw error;
        const known = await ask().catch(() => undefined);
        if (known === undefined) throw error;
        const temporary = known.temporary
          ? ", or these temporary credentials are of the global STS endpoint, which such a region does not accept"
          : "";
        throw new RegionOffError(
          `The region ${value} (from ${source}) is not turned on in your AWS account${temporary}.`,
          {
            hint: `Ask the administrator of your AWS account to turn it on (AWS console: Account, AWS Regions), which takes some minutes; or use another region by AWS_DEFAULT_REGION.${known.temporary ? " Credentials of the regional endpoint: AWS_STS_REGIONAL_ENDPOINTS=regional where they are made." : ""}`,
          },
        );
      }
    };
}
