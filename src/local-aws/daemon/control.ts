import { createHmac } from "node:crypto";
import { text } from "node:stream/consumers";
import { type FaultPlan, parsePlan } from "../faults/plan.ts";
import { AwsError, type ServiceRequest, type ServiceResponse } from "../http.ts";

export interface ControlOptions {
  /** The user's secret: a client that knows it too can tell local AWS from another program on its port. */
  readonly secret: string;
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** The fault plan in force, and what it has done so far. */
  faults(): unknown;
  /** Puts a fault plan in force, or none. */
  useFaults(plan: FaultPlan | undefined): void;
  /** How jobs in an image run. */
  describeExecutor(image: string): Promise<unknown>;
  /** Begins to leave. */
  stop(): void;
}

/** The daemon's own endpoints, under `/_local-aws/`: status, stop, faults, and how jobs run. For its owner's key only, but for the last. */
export function controlEndpoints(
  options: ControlOptions,
): (request: ServiceRequest) => Promise<ServiceResponse> {
  return async ({ method, path, headers, principal, body }) => {
    const asked = `${method} ${path}`;
    // Whoever may submit a job may know how it will run.
    const isForUsers = asked === "GET /_local-aws/executor" && principal.kind === "iam-user";
    if (principal.kind !== "user" && !isForUsers)
      throw new AwsError("AccessDenied", "Only its owner has access to this.", 403);
    switch (asked) {
      case "GET /_local-aws/status": {
        const challenge = String(headers["x-local-aws-challenge"] ?? "");
        const proof = createHmac("sha256", options.secret).update(`local-aws ${challenge}`).digest("hex");
        return json({ ...(await options.status()), proof });
      }
      case "GET /_local-aws/executor":
        return json(await options.describeExecutor(String(headers["x-local-aws-image"] ?? "")));
      case "POST /_local-aws/stop":
        options.stop();
        return json({ stopping: true });
      case "PUT /_local-aws/faults":
        options.useFaults(parsePlan(await text(body)));
        return json(options.faults());
      case "DELETE /_local-aws/faults":
        options.useFaults(undefined);
        return json(options.faults());
      case "GET /_local-aws/faults":
        return json(options.faults());
      default:
        throw new AwsError("NotFound", `Local AWS has no ${method} ${path}.`, 404);
    }
  };
}

function json(value: unknown): ServiceResponse {
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}
