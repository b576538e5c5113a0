const TAGS = "/v1/tags/";

const tagging: Readonly<Record<string, string>> = {
  GET: "listtagsforresource",
  POST: "tagresource",
  DELETE: "untagresource",
};

/** The operation of Batch that a request asks for, in lower case as in most of its paths: `POST /v1/describejobs`. */
export function batchOperation(method: string, path: string): string {
  if (path.startsWith(TAGS)) return tagging[method] ?? "";
  return path.split("/").at(-1) ?? "";
}

/** The members that a request has beside its body, as those of the tagging operations are. */
export function membersBeside(path: string, query: URLSearchParams): Readonly<Record<string, unknown>> {
  if (!path.startsWith(TAGS)) return {};
  return { resourceArn: path.slice(TAGS.length), tagKeys: query.getAll("tagKeys") };
}
