// Loaded late, by this file: a package of CommonJS loses its names where the bundle imports it dynamically.
export { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
