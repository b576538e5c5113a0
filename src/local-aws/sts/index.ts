import { type AwsError, notImplemented, type Principal, type Service, type ServiceRequest } from "../http.ts";
import { renderXml } from "../xml.ts";

const namespace = "https://sts.amazonaws.com/doc/2011-06-15/";

/** AWS Security Token Service (query protocol, API of 2011-06-15): it says who the caller is, and no more. */
export function openSts({ accountId }: { readonly accountId: string }): Service {
  return {
    name: "sts",
    async handle(request) {
      const action = (await readParameters(request)).get("Action") ?? "";
      if (action !== "GetCallerIdentity")
        throw notImplemented(`STS ${action || "requests without an Action"}`);
      return xml(200, "GetCallerIdentityResponse", {
        GetCallerIdentityResult: {
          Arn: request.principal.arn,
          UserId: userId(request.principal),
          Account: accountId,
        },
        ResponseMetadata: { RequestId: request.requestId },
      });
    },
    renderError: (error, { requestId }) =>
      xml(error.status, "ErrorResponse", {
        Error: { Type: sender(error), Code: error.code, Message: error.message },
        RequestId: requestId,
      }),
    close: async () => {},
  };
}

/** Of a role, AWS gives the role's id and the name of the session. */
function userId({ kind, accessKeyId, arn }: Principal): string {
  return kind === "job" ? `${accessKeyId}:${arn.split("/").at(-1)}` : accessKeyId;
}

const sender = ({ status }: AwsError) => (status < 500 ? "Sender" : "Receiver");

/** Parameters come as a form, or in the query of a GET. */
async function readParameters({ method, query, body }: ServiceRequest): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return method === "POST" ? new URLSearchParams(Buffer.concat(chunks).toString()) : query;
}

function xml(status: number, root: string, content: Parameters<typeof renderXml>[1]) {
  return { status, headers: { "content-type": "text/xml" }, body: renderXml(root, content, namespace) };
}
