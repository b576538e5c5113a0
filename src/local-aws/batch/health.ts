import type { JobSurroundings } from "./container-environment.ts";
import type { ComputeEnvironment, Json } from "./types.ts";

/** Whose role says what Batch may do; without it nothing can be started. */
interface Known {
  readonly roleCredentials?: JobSurroundings["roleCredentials"] | undefined;
}

/**
 * `status` and `statusReason` of an environment: INVALID where its service role is one of IAM's that is not there
 * ("INVALID compute environment", AWS Batch User Guide). The role that AWS makes by itself is always there.
 */
export function environmentHealth({ serviceRole }: ComputeEnvironment, { roleCredentials }: Known): Json {
  const name = roleOf(serviceRole);
  if (name === undefined || roleCredentials === undefined || roleCredentials(name) !== undefined) {
    return { status: "VALID", statusReason: "ComputeEnvironment Healthy" };
  }
  return {
    status: "INVALID",
    statusReason: `CLIENT_ERROR - Not authorized to perform sts:AssumeRole: the role ${serviceRole} does not exist`,
  };
}

export function isHealthy(environment: ComputeEnvironment, known: Known): boolean {
  return environmentHealth(environment, known).status === "VALID";
}

function roleOf(serviceRole: string | undefined): string | undefined {
  if (!serviceRole || serviceRole.includes("/aws-service-role/")) return undefined;
  return serviceRole.split("/").at(-1);
}
