// Loaded late, by this file: a package of CommonJS loses its names where the bundle imports it dynamically.
export { EC2Client } from "@aws-sdk/client-ec2";
