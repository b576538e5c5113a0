const partitions = [
  ...["*", "aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"],
];

/** What a resource of IAM may be ("Resource types defined by AWS Identity and Access Management"). */
const iamPaths = [
  ...["user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/"],
  ...["policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"],
];

/** What AWS says of a resource in a policy; `legacy` where it only says that, undefined where it takes it. */
export function checkResource(resource: string): string | undefined {
  if (resource === "*") return undefined;
  const [scheme, partition, vendor, region, account, ...rest] = resource.split(":");
  if (scheme === undefined || partition === undefined) {
    return `Resource ${resource} must be in ARN format or "*".`;
  }
  if (!partitions.includes(partition)) {
    const parts = [vendor || (region === undefined ? "*" : ""), region ?? "*", account ?? "*"];
    const id = rest.length === 0 ? "*" : rest.join(":");
    return `Partition "${partition}" is not valid for resource "arn:${[partition, ...parts, id].join(":")}".`;
  }
  if (vendor === undefined) return "Resource vendor must be fully qualified and cannot contain regexes.";
  if (scheme !== "arn") return `Resource ${resource} must be in ARN format or "*".`;
  // Parts may be left out at the end, but then all of them that are there must say something.
  if (vendor === "" || (rest.length === 0 && [region, account].includes(""))) {
    const isRegion = vendor === "s3" || vendor === "iam";
    return isRegion && region !== "" && region !== undefined ? regionTold(vendor, resource) : "legacy";
  }
  const id = rest.join(":");
  if (vendor === "iam" && region) return regionTold(vendor, resource);
  if (vendor === "s3" && region && !id.startsWith("accesspoint/")) return regionTold(vendor, resource);
  if (vendor === "iam" && id !== "*" && !iamPaths.some((path) => id.startsWith(path))) {
    return `IAM resource path must either be "*" or start with ${iamPaths.join(", ")}.`;
  }
  return undefined;
}

function regionTold(vendor: "iam" | "s3", resource: string): string {
  return vendor === "iam"
    ? `IAM resource ${resource} cannot contain region information.`
    : `Resource ${resource} can not contain region information.`;
}
