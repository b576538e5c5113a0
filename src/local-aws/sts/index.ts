import { notImplemented, type Principal, type Service } from "../http.ts";
import { inputOf, queryProtocol, readParameters } from "../query-protocol.ts";
import { refuseUnread } from "../unread.ts";

/** AWS Security Token Service (query protocol, API of 2011-06-15): it says who the caller is, and no more. */
export function openSts({ accountId }: { readonly accountId: string }): Service {
  const protocol = queryProtocol("https://sts.amazonaws.com/doc/2011-06-15/");
  return {
    name: "sts",
    async handle(request) {
      const parameters = await readParameters(request);
      const action = parameters.get("Action") ?? "";
      if (action !== "GetCallerIdentity") {
        throw notImplemented(`STS ${action || "requests without an Action"}`);
      }
      refuseUnread(`STS ${action}`, inputOf(parameters), []);
      const { principal, requestId } = request;
      const result = { Arn: principal.arn, UserId: userId(principal), Account: accountId };
      return protocol.answer(action, result, requestId);
    },
    renderError: protocol.renderError,
    close: async () => {},
  };
}

/** Of a role, AWS gives the role's id and the name of the session. */
function userId({ kind, accessKeyId, arn }: Principal): string {
  const isRole = kind === "job" || kind === "role";
  return isRole ? `${accessKeyId}:${arn.split("/").at(-1)}` : accessKeyId;
}
