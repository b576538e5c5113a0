// Loaded late, by this file: of a package that is imported dynamically itself, all would be in the bundle.
export { IAMClient } from "@aws-sdk/client-iam";
