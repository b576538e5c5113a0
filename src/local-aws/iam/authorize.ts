import { Readable } from "node:stream";
import { AwsError, type Principal, type ServiceRequest } from "../http.ts";
import { operationName, s3Place } from "../operation-name.ts";
import { readParameters } from "../query-protocol.ts";
import { readAll } from "../read-all.ts";
import { STORED_SUBRESOURCES } from "../s3/operation.ts";
import type { Authorized } from "../server.ts";
import { childrenOf, parseXml, textOf } from "../xml.ts";
import { type Asked, batchActions, iamWishes, logsActions, s3Actions } from "./actions.ts";
import { decide, type Policy, type Wish } from "./policy.ts";

export interface AuthorizeOptions {
  readonly region: string;
  readonly accountId: string;
  /** Undefined for those that may do everything. */
  policiesOf(principal: Principal): readonly Policy[] | undefined;
}

/** Far over what any request that is not an object's content is long. */
const maxBody = 8 * 1024 * 1024;

/**
 * Whether policies let a request be carried out.
 *
 * @returns undefined where the caller may do everything
 * @throws AwsError AccessDenied, as the service words it
 */
export async function authorize(
  service: string,
  request: ServiceRequest,
  options: AuthorizeOptions,
): Promise<Authorized | undefined> {
  const policies = options.policiesOf(request.principal);
  if (policies === undefined) return undefined;
  const may = (wish: Wish) => decide(policies, wish);
  const operation = operationName(service, request);
  const { wishes, read } = await wishesOf(service, operation, request, options);
  for (const wish of wishes) {
    const decision = may(wish);
    if (decision !== "allowed") throw accessDenied(service, request.principal, wish, decision);
  }
  return {
    request: read,
    reword(error) {
      // Whoever may not list a bucket is not told what is not in it.
      if (service !== "s3" || error.code !== "NoSuchKey") return error;
      const { bucketName } = s3Place(request);
      const wish = { action: "s3:ListBucket", resource: `arn:aws:s3:::${bucketName}` };
      const decision = may(wish);
      return decision === "allowed" ? error : accessDenied(service, request.principal, wish, decision);
    },
  };
}

async function wishesOf(
  service: string,
  operation: string,
  request: ServiceRequest,
  { region, accountId }: AuthorizeOptions,
): Promise<{ readonly wishes: readonly Wish[]; readonly read: ServiceRequest }> {
  if (service === "s3") return wishesOfS3(operation, request);
  const body = await readAll(request.body, maxBody);
  // The service reads it again.
  const again = () => ({ ...request, body: Readable.from([body]) });
  const asked = (input: Asked["input"]): Asked => ({
    region,
    accountId,
    callerArn: request.principal.arn,
    input,
  });
  if (service === "iam") {
    const parameters = Object.fromEntries(await readParameters(again()));
    return { wishes: iamWishes(String(parameters.Action), asked(parameters)), read: again() };
  }
  const table = service === "batch" ? batchActions : service === "logs" ? logsActions : {};
  const wish = Object.hasOwn(table, operation) ? table[operation] : undefined;
  // STS asks nobody's leave for GetCallerIdentity; what is not there at all, the service itself says.
  return { wishes: wish?.(asked(readJson(body))) ?? [], read: again() };
}

async function wishesOfS3(operation: string, request: ServiceRequest) {
  const { bucketName: bucket, key } = s3Place(request);
  let read = request;
  let keys: readonly string[] = [];
  if (operation === "DeleteObjects") {
    const body = await readAll(request.body, maxBody);
    read = { ...request, body: Readable.from([body]) };
    keys = keysToDelete(body.toString());
  }
  const subresource = STORED_SUBRESOURCES.find((name) => request.query.has(name)) ?? "";
  const source = String(request.headers["x-amz-copy-source"] ?? "").replace(/\?versionId=.*$/, "");
  const copySource = decode(source).replace(/^\//, "");
  const wishes = Object.hasOwn(s3Actions, operation) ? s3Actions[operation] : undefined;
  return { wishes: wishes?.({ bucket, key, copySource, subresource, keys }) ?? [], read };
}

/** What cannot be decoded S3 itself refuses. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Off a request that S3 will parse properly; a key that were missed here must not be deleted there. */
function keysToDelete(xml: string): readonly string[] {
  const node = parseXml(xml, "Delete");
  return childrenOf(node, "Object").map((object) => textOf(object, "Key") ?? "");
}

function readJson(body: Buffer): Asked["input"] {
  try {
    const input: unknown = JSON.parse(body.toString() || "{}");
    return typeof input === "object" && input !== null ? { ...input } : {};
  } catch {
    // The service says what is wrong with it.
    return {};
  }
}

function accessDenied(
  service: string,
  { arn }: Principal,
  { action, resource }: Wish,
  decision: "denied" | "not allowed",
): AwsError {
  const why =
    decision === "denied"
      ? "with an explicit deny in an identity-based policy"
      : `because no identity-based policy allows the ${action} action`;
  const on = resource === "*" && service === "s3" ? "" : ` on resource: ${resource}`;
  const message = `User: ${arn} is not authorized to perform: ${action}${on} ${why}`;
  const isQueryOrS3 = ["s3", "iam", "sts"].includes(service);
  if (isQueryOrS3) return new AwsError("AccessDenied", message, 403);
  return new AwsError("AccessDeniedException", message, service === "batch" ? 403 : 400);
}
