import type { AwsError, ServiceRequest, ServiceResponse } from "./http.ts";
import { MAX_BUFFERED_BODY, readAll } from "./read-all.ts";
import { renderXml, type XmlContent } from "./xml.ts";

/** The query protocol of STS and IAM: a form in, XML out. */
export interface QueryProtocol {
  answer(action: string, result: XmlContent, requestId: string): ServiceResponse;
  renderError(error: AwsError, request: { readonly requestId: string }): ServiceResponse;
}

export function queryProtocol(namespace: string): QueryProtocol {
  const xml = (status: number, root: string, content: XmlContent): ServiceResponse => ({
    status,
    headers: { "content-type": "text/xml" },
    body: renderXml(root, content, namespace),
  });
  return {
    answer: (action, result, requestId) =>
      xml(200, `${action}Response`, {
        [`${action}Result`]: result,
        ResponseMetadata: { RequestId: requestId },
      }),
    renderError: (error, { requestId }) =>
      xml(error.status, "ErrorResponse", {
        Error: {
          Type: error.status < 500 ? "Sender" : "Receiver",
          Code: error.code,
          Message: error.message,
        },
        RequestId: requestId,
      }),
  };
}

/** Parameters come as a form, or in the query of a GET. */
export async function readParameters({
  method,
  query,
  body,
}: Pick<ServiceRequest, "method" | "query" | "body">): Promise<URLSearchParams> {
  const form = await readAll(body, MAX_BUFFERED_BODY);
  return method === "POST" ? new URLSearchParams(form.toString()) : query;
}

/** The parameters that the operation's own model has; of `Tags.member.1.Key`, the first part. */
export function inputOf(parameters: URLSearchParams): Readonly<Record<string, string>> {
  const own = [...parameters].filter(([name]) => !/^(Action|Version|X-Amz-.*)$/.test(name));
  return Object.fromEntries(own.map(([name, value]) => [name.split(".")[0] ?? "", value]));
}
