import { createHmac } from "node:crypto";
import { AwsError, type ServiceRequest, type ServiceResponse } from "../http.ts";

export interface ControlOptions {
  /** The user's secret: a client that knows it too can tell local AWS from another program on its port. */
  readonly secret: string;
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** Begins to leave. */
  stop(): void;
}

/** The daemon's own endpoints: `GET /_local-aws/status` and `POST /_local-aws/stop`. For the user's key only. */
export function controlEndpoints(
  options: ControlOptions,
): (request: ServiceRequest) => Promise<ServiceResponse> {
  return async ({ method, path, headers, principal }) => {
    if (principal.kind !== "user") throw new AwsError("AccessDenied", "Jobs have no access to this.", 403);
    switch (`${method} ${path}`) {
      case "GET /_local-aws/status": {
        const challenge = String(headers["x-local-aws-challenge"] ?? "");
        const proof = createHmac("sha256", options.secret).update(`local-aws ${challenge}`).digest("hex");
        return json({ ...(await options.status()), proof });
      }
      case "POST /_local-aws/stop":
        options.stop();
        return json({ stopping: true });
      default:
        throw new AwsError("NotFound", `Local AWS has no ${method} ${path}.`, 404);
    }
  };
}

function json(value: unknown): ServiceResponse {
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}
