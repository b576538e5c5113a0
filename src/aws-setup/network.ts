import { UserError } from "../errors.ts";
import type { SomeParameters } from "./parameters.ts";
import type { Subnet } from "./services.ts";
import type { Site } from "./site.ts";

/** Where instances start. */
interface Place {
  readonly VpcId: string;
  readonly SubnetIds: string;
}

/**
 * The network of the compute environment: the one given, checked; else the stack's; else the default VPC and all its subnets.
 * Throws UserError where nothing could start there.
 */
export async function chooseNetwork(
  site: Site,
  given: SomeParameters,
  before: ReadonlyMap<string, string> | undefined,
): Promise<Place> {
  const { network } = site.services;
  const { VpcId, SubnetIds } = given;
  const kept = { VpcId: before?.get("VpcId") ?? "", SubnetIds: before?.get("SubnetIds") ?? "" };
  if (VpcId === undefined && SubnetIds === undefined && kept.VpcId !== "" && kept.SubnetIds !== "")
    return kept;
  if (SubnetIds !== undefined) {
    const subnets = await network.subnets({ ids: SubnetIds.split(",") });
    return placeOf(site, subnets, VpcId);
  }
  const vpc = VpcId ?? (await network.defaultVpc());
  if (vpc === undefined) {
    throw new UserError(`The region ${site.region} has no default VPC in this account.`, {
      hint: "Name one with --vpc and --subnets, or make it again: aws ec2 create-default-vpc",
    });
  }
  return placeOf(site, await network.subnets({ vpc }), vpc);
}

function placeOf(site: Site, subnets: readonly Subnet[] | undefined, vpc: string | undefined): Place {
  const [first] = subnets ?? [];
  if (subnets === undefined) {
    throw new UserError(`Some of the subnets given (--subnets) don't exist in ${site.region}.`, {
      hint: "See the VPC console for their ids, and check the region.",
    });
  }
  if (first === undefined) {
    throw new UserError(`The VPC ${vpc} has no subnets in ${site.region}, or doesn't exist.`, {
      hint: "Check the region, make subnets in the VPC console, or name others with --vpc and --subnets.",
    });
  }
  const others = subnets.filter((subnet) => subnet.vpc !== (vpc ?? first.vpc));
  if (others.length > 0) {
    throw new UserError(
      `Not all subnets are in the VPC ${vpc ?? first.vpc}: ${others.map(({ id }) => id).join(", ")}.`,
      { hint: "A compute environment has one VPC: give subnets of one (--subnets)." },
    );
  }
  const closed = subnets.filter(({ isPublic }) => !isPublic);
  if (closed.length > 0) {
    site.context.io.warn(
      `Computers in ${closed.map(({ id }) => id).join(", ")} get no public address: without a NAT gateway, jobs there never start.`,
    );
  }
  return { VpcId: vpc ?? first.vpc, SubnetIds: subnets.map(({ id }) => id).join(",") };
}
