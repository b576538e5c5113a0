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
/** Name of the operation that a request asks for and local AWS lacks; the request itself where it is none of AWS's. */
export function nameOfUnsupported(method: string, path: string): string {
  const name = path.slice("/v1/".length);
  return operations.find((operation) => operation.toLowerCase() === name) ?? `${method} ${path}`;
}
