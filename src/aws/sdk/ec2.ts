// Loaded late, by this file: of a package that is imported dynamically itself, all would be in the bundle.
export { EC2Client } from "@aws-sdk/client-ec2";
