const operations = [
  "CancelJobs",
  "CreateConsumableResource",
  "CreateQuotaShare",
  "CreateServiceEnvironment",
  "DeleteConsumableResource",
  "DeleteQuotaShare",
  "DeleteServiceEnvironment",
  "DescribeConsumableResource",
  "DescribeQuotaShare",
  "DescribeServiceEnvironments",
  "DescribeServiceJob",
  "GetJobQueueSnapshot",
  "ListConsumableResources",
  "ListJobsByConsumableResource",
  "ListQuotaShares",
  "ListServiceJobs",
  "SubmitServiceJob",
  "TerminateJobs",
  "TerminateServiceJob",
  "TerminateServiceJobs",
  "UpdateConsumableResource",
  "UpdateQuotaShare",
  "UpdateServiceEnvironment",
  "UpdateServiceJob",
];
const tagging: Readonly<Record<string, string>> = {
  GET: "ListTagsForResource",
  POST: "TagResource",
  DELETE: "UntagResource",
};

/** Name of the operation that a request asks for and local AWS lacks; the request itself where it is none of AWS's. */
export function nameOfUnsupported(method: string, path: string): string {
  if (path.startsWith("/v1/tags/")) return tagging[method] ?? `${method} ${path}`;
  const name = path.slice("/v1/".length);
  return operations.find((operation) => operation.toLowerCase() === name) ?? `${method} ${path}`;
}
