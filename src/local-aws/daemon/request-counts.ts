import type { ServiceRequest } from "../http.ts";

/** How many requests came since the start: by service, and by operation within it. */
export interface RequestCounts {
  count(service: string, request: Pick<ServiceRequest, "method" | "path" | "query" | "headers">): void;
  toJSON(): Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export function countRequests(): RequestCounts {
  const counts = new Map<string, Map<string, number>>();
  return {
    count(service, request) {
      if (request.path.startsWith("/_local-aws/")) return;
      const operations = counts.get(service) ?? new Map<string, number>();
      counts.set(service, operations);
      const name = operationName(service, request);
      operations.set(name, (operations.get(name) ?? 0) + 1);
    },
    toJSON: () =>
      Object.fromEntries(
        [...counts].map(([service, operations]) => [service, Object.fromEntries(operations)]),
      ),
  };
}

/** As much of an operation's name as shows without a look into the request's body. */
function operationName(
  service: string,
  { method, path, query, headers }: Pick<ServiceRequest, "method" | "path" | "query" | "headers">,
): string {
  const target = headers["x-amz-target"];
  if (typeof target === "string") return target.slice(target.indexOf(".") + 1);
  if (service === "batch") return path.split("/").at(-1) ?? path;
  if (service !== "s3") return method;
  const place = path.split("/").filter((part) => part !== "").length;
  const on = place === 0 ? "service" : place === 1 ? "bucket" : "object";
  const about = ["uploads", "uploadId", "partNumber", "list-type", "delete"].filter((name) =>
    query.has(name),
  );
  const copy = headers["x-amz-copy-source"] === undefined ? [] : ["copy"];
  return [method, on, ...about, ...copy].join(" ");
}
