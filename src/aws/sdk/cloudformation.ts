// Loaded late, by this file: of a package that is imported dynamically itself, all would be in the bundle.
export { CloudFormationClient } from "@aws-sdk/client-cloudformation";
