import type { LocalAws } from "./local-aws.ts";

/** What would lead a client past local AWS, or to sign with other credentials. */
const inTheWay = [
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_ENDPOINT_URL_S3",
  "AWS_ENDPOINT_URL_BATCH",
  "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
  "AWS_ENDPOINT_URL_STS",
  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
  "AWS_USE_FIPS_ENDPOINT",
  "AWS_USE_DUALSTACK_ENDPOINT",
];

/** The environment without the user's own AWS settings, which mean nothing to local AWS, and whose keys have no business there. */
export function withoutAwsSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("AWS_")));
}

/** Lines for a POSIX shell with which any AWS client talks to local AWS. */
export function exportLines(
  local: LocalAws,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  return [
    ...Object.entries(variables(local)).map(([name, value]) => `export ${name}=${value}`),
    ...proxyLines(environment),
    `unset ${inTheWay.join(" ")}`,
  ];
}

/** Lines that take back what `exportLines` exported. */
export function unsetLines(): string[] {
  return [`unset ${variableNames.join(" ")}`];
}

const variableNames = [
  "AWS_ENDPOINT_URL",
  "AWS_DEFAULT_REGION",
  "AWS_REGION",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
] as const;

/** None of the values needs quoting: they are URLs, names, letters and digits. */
function variables({
  endpoint,
  region,
  credentials,
}: LocalAws): Record<(typeof variableNames)[number], string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_DEFAULT_REGION: region,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

/** Where a proxy is set, clients must be told not to ask it for this computer. */
function proxyLines(environment: Readonly<Record<string, string | undefined>>): string[] {
  const proxied = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].some((name) => environment[name]);
  if (!proxied) return [];
  return ["no_proxy", "NO_PROXY"]
    .filter((name) => !environment[name]?.split(",").some((host) => host === "127.0.0.1" || host === "*"))
    .map((name) => `export ${name}="127.0.0.1\${${name}:+,$${name}}"`);
}
