// Loaded late, by this file: a package of CommonJS loses its names where the bundle imports it dynamically.
export { CloudFormationClient } from "@aws-sdk/client-cloudformation";
