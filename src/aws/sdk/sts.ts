// Loaded late, by this file: of a package that is imported dynamically itself, all would be in the bundle.
export { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
