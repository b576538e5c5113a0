import { createHash, randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { makeCertificates } from "../support/certificates.ts";
import { localEnvironment, startFront } from "../support/front.ts";
import { have } from "../support/have.ts";
import { cleanEnvironment, runTool } from "../support/run-tool.ts";
import { type StubAws, startStubAws, startStubProxy } from "../support/stub-aws.ts";
import { type TempDir, tempDir } from "../support/temp-dir.ts";
import { workplace } from "../support/workplace.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "AKIAOFENVIRONMENT", AWS_SECRET_ACCESS_KEY: "secretOfEnvironment" };

let home: TempDir;
let aws: StubAws;
beforeEach(async () => {
  home = await tempDir();
  aws = await startStubAws();
});
afterEach(async () => {
  await aws[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

async function writeHome(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(home.path, path)), { recursive: true });
    await writeFile(join(home.path, path), text);
  }
}

/** Asks Batch for a job that it doesn't know, which takes credentials, region, and a way to get there. */
async function ask(env: Readonly<Record<string, string>>) {
  const settings = { AWS_ENDPOINT_URL: aws.url, AWS_EC2_METADATA_DISABLED: "true", ...env };
  const result = await runTool(["build", "--aws-batch", "--attach", "no-such-job", "--no-download"], {
    env: { ...cleanEnvironment(home.path), ...settings },
    cwd: home.path,
  });
  // Whatever happens, keys and passwords are nobody's to read.
  expect(result.stdout + result.stderr).not.toMatch(/secretOf|passwordOf|tokenOf/);
  return { ...result, asked: aws.requests.find(({ service }) => service === "batch") };
}

const CONFIG = `[default]
region = eu-north-1
[profile lab]
region = eu-west-3
`;

test.each([
  [{ AWS_DEFAULT_REGION: "eu-central-1" }, "eu-central-1"],
  [{ AWS_REGION: "eu-central-2" }, "eu-central-2"],
  [{ AWS_DEFAULT_REGION: "eu-central-1", AWS_REGION: "eu-central-2" }, "eu-central-1"],
  [{ AWS_DEFAULT_REGION: "", AWS_PROFILE: "lab" }, "eu-west-3"],
  [{ AWS_DEFAULT_PROFILE: "lab" }, "eu-west-3"],
  [{}, "eu-north-1"],
  [{ AWS_PROFILE: "another" }, "us-east-1"],
])("the region: %j is %s", async (env, region) => {
  await writeHome({ ".aws/config": CONFIG });
  const { stderr, asked, exitStatus } = await ask({ ...KEYS, ...env });
  expect(exitStatus).toBe(1);
  expect(asked?.region).toBe(region);
  expect(stderr).toContain(`does not know a job no-such-job in ${region}`);
  expect(stderr.includes("differ: using eu-central-1")).toBe(
    "AWS_REGION" in env && "AWS_DEFAULT_REGION" in env,
  );
});

const CREDENTIALS = `[default]
aws_access_key_id = AKIAOFDEFAULT
aws_secret_access_key = secretOfDefault
[lab]
aws_access_key_id = AKIAOFLAB
aws_secret_access_key = secretOfLab
[other]
aws_access_key_id = AKIAOFOTHER
aws_secret_access_key = secretOfOther
`;

test.each([
  [{}, "AKIAOFDEFAULT"],
  [{ AWS_PROFILE: "lab" }, "AKIAOFLAB"],
  [{ AWS_DEFAULT_PROFILE: "lab" }, "AKIAOFLAB"],
  [{ AWS_DEFAULT_PROFILE: "lab", AWS_PROFILE: "other" }, "AKIAOFLAB"],
  [{ ...KEYS, AWS_PROFILE: "lab" }, "AKIAOFENVIRONMENT"],
])("the credentials: as boto3 has it, %j is %s", async (env, keyId) => {
  await writeHome({ ".aws/credentials": CREDENTIALS });
  const { asked } = await ask(env);
  expect(asked?.keyId).toBe(keyId);
});

test("a profile that isn't there is named, with where it came from", async () => {
  await writeHome({ ".aws/credentials": CREDENTIALS });
  const { stderr, exitStatus } = await ask({ AWS_PROFILE: "misspelt" });
  expect(exitStatus).toBe(1);
  expect(stderr).toContain(`No AWS credentials were found in the profile "misspelt" (from AWS_PROFILE).`);
  expect(stderr).not.toContain("    at ");
});

test("a token's file that isn't there is named", async () => {
  const role = "arn:aws:iam::123456789012:role/r";
  await writeHome({
    ".aws/config": `[profile web]\nrole_arn = ${role}\nweb_identity_token_file = /nowhere/token\n`,
  });
  const ofProfile = await ask({ AWS_PROFILE: "web" });
  expect(ofProfile.exitStatus).toBe(1);
  expect(ofProfile.stderr).toContain(
    'The credentials of the profile "web" (from AWS_PROFILE) need the file /nowhere/token, which can\'t be read (ENOENT).',
  );
  const ofVariables = await ask({ AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: "/nowhere/other" });
  expect(ofVariables.stderr).toContain("need the file /nowhere/other, which can't be read (ENOENT).");
});

test("no credentials at all is one message", async () => {
  const { stderr, exitStatus } = await ask({});
  expect(exitStatus).toBe(1);
  expect(stderr).toMatch(/^Error: No AWS credentials were found\.\n.*AWS_PROFILE.*\n$/);
});

test("a role is assumed with the keys of its source profile", async () => {
  await writeHome({
    ".aws/credentials": CREDENTIALS,
    ".aws/config":
      "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/Builder\nsource_profile = lab\nregion = eu-west-3\n",
  });
  const { asked } = await ask({ AWS_PROFILE: "role", AWS_ENDPOINT_URL_STS: aws.url });
  expect(asked).toMatchObject({ keyId: "AKIAOFTHEROLE", token: "tokenOfTheRole", region: "eu-west-3" });
  const assumed = aws.requests.find(({ service }) => service === "sts");
  expect(assumed?.keyId).toBe("AKIAOFLAB");
  expect(new URLSearchParams(assumed?.body).get("RoleArn")).toBe("arn:aws:iam::123456789012:role/Builder");
});

const SSO = `[profile sso]
sso_session = institute
sso_account_id = 123456789012
sso_role_name = Builder
region = eu-west-3
[sso-session institute]
sso_region = eu-west-1
sso_start_url = https://institute.awsapps.com/start
`;
const cacheFile = `.aws/sso/cache/${createHash("sha1").update("institute").digest("hex")}.json`;
const cachedToken = (expiresAt: string) =>
  JSON.stringify({ accessToken: "tokenOfLogin", expiresAt, region: "eu-west-1" });

test("SSO: the token of `aws sso login` gives the role's credentials", async () => {
  await writeHome({
    ".aws/config": SSO,
    [cacheFile]: cachedToken(new Date(Date.now() + 3_600_000).toISOString()),
  });
  const { asked } = await ask({ AWS_PROFILE: "sso" });
  expect(asked).toMatchObject({ keyId: "AKIAOFSSO", token: "tokenOfSso", region: "eu-west-3" });
  const portal = aws.requests.find(({ line }) => line.startsWith("GET /federation"));
  expect(portal?.token).toBe("tokenOfLogin");
});

test.each([
  ["a login that has expired", { [cacheFile]: cachedToken("2026-01-01T00:00:00Z") }],
  ["no login", {}],
])("SSO: %s says how to log in", async (_, cache) => {
  await writeHome({ ".aws/config": SSO, ...cache });
  const { stderr, exitStatus } = await ask({ AWS_PROFILE: "sso" });
  expect(exitStatus).toBe(1);
  expect(stderr).toContain("aws sso login --profile sso");
  expect(stderr).not.toContain("    at ");
});

test.each([
  ["with a login", new Date(Date.now() + 3_600_000).toISOString()],
  ["with a login to be refreshed", "2026-01-01T00:00:00Z"],
])("SSO %s: no network is told as that, and not as credentials that are missing", async (_, expiresAt) => {
  const client = { clientId: "id", clientSecret: "secretOfClient", refreshToken: "tokenOfRefresh" };
  await writeHome({
    ".aws/config": SSO,
    [cacheFile]: JSON.stringify({ ...JSON.parse(cachedToken(expiresAt)), ...client }),
  });
  const { stderr, exitStatus } = await ask({ AWS_PROFILE: "sso", AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
  expect(exitStatus).toBe(1);
  expect(stderr).toMatch(/AWS can't be reached \(.*ECONNREFUSED.*\)\.\n.*network/);
});

test("AWS_ENDPOINT_URL_BATCH wins over AWS_ENDPOINT_URL", async () => {
  const { asked } = await ask({
    ...KEYS,
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
    AWS_ENDPOINT_URL_BATCH: aws.url,
  });
  expect(asked?.keyId).toBe(KEYS.AWS_ACCESS_KEY_ID);
});

describe("a region that accounts have to turn on", () => {
  /** Batch's answer in a region that is off, whoever asks; STS elsewhere knows them or not. */
  const rejecting = async (known: boolean) => {
    const front = await startFront(aws.url, {
      answer({ headers }, response) {
        const where = /\/([^/]+)\/(batch|sts)\/aws4_request/.exec(headers.authorization ?? "");
        if (known && where?.[1] === "us-east-1") return false;
        const code = where?.[2] === "sts" ? "InvalidClientTokenId" : "UnrecognizedClientException";
        response.writeHead(403, { "x-amzn-errortype": code, connection: "close" });
        const message = "The security token included in the request is invalid.";
        response.end(
          where?.[2] === "sts"
            ? `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
            : JSON.stringify({ message }),
        );
        return true;
      },
    });
    onTestFinished(() => front[Symbol.asyncDispose]());
    return front;
  };

  test("and that is off is told as that, not as wrong credentials", async () => {
    const front = await rejecting(true);
    const { stderr, exitStatus } = await ask({
      ...KEYS,
      AWS_ENDPOINT_URL: front.url,
      AWS_DEFAULT_REGION: "ap-east-1",
    });
    expect(exitStatus).toBe(1);
    expect(stderr).toMatch(
      /^Error: The region ap-east-1 \(from AWS_DEFAULT_REGION\) is not turned on in your AWS account\.$/m,
    );
  });

  test.each([
    ["whose credentials no region knows", false, "ap-east-1"],
    ["unless it is a region that all have", true, "eu-west-1"],
  ])("%s: they are what is wrong", async (_, known, AWS_DEFAULT_REGION) => {
    const front = await rejecting(known);
    const { stderr } = await ask({ ...KEYS, AWS_ENDPOINT_URL: front.url, AWS_DEFAULT_REGION });
    expect(stderr).toContain("AWS does not accept the credentials in use (UnrecognizedClientException)");
  });
});

describe("a proxy", () => {
  test("HTTP_PROXY is asked for plain HTTP, by the whole URL; NO_PROXY excepts", async () => {
    await using proxy = await startStubProxy();
    await ask({ ...KEYS, HTTP_PROXY: proxy.url });
    expect(proxy.requests).toEqual([`POST ${aws.url}/v1/describejobs`]);
    await ask({ ...KEYS, HTTP_PROXY: proxy.url, NO_PROXY: "localhost,127.0.0.1" });
    expect(proxy.requests).toHaveLength(1);
    expect(aws.requests).toHaveLength(2);
  });

  test("one that can't be reached is named, its password not", async () => {
    const { stderr, exitStatus } = await ask({
      ...KEYS,
      AWS_ENDPOINT_URL: "https://batch.example.org",
      HTTPS_PROXY: "http://name:passwordOfProxy@127.0.0.1:1",
    });
    expect(exitStatus).toBe(1);
    expect(stderr).toContain("the proxy 127.0.0.1:1 of HTTPS_PROXY");
    expect(stderr).not.toContain("    at ");
  });

  test.each([
    ["socks5://127.0.0.1:1080", "socks5 proxy, which can't be used"],
    ["http://", "is not the URL of a proxy"],
  ])("HTTPS_PROXY=%s is refused", async (HTTPS_PROXY, message) => {
    const { stderr, exitStatus } = await ask({ ...KEYS, HTTPS_PROXY });
    expect(exitStatus).toBe(1);
    expect(stderr).toContain(message);
  });
});

describe.skipIf(!have("openssl"))("HTTPS (needs openssl)", () => {
  const secured = async () => {
    const certificates = makeCertificates(home.path);
    const front = await startFront(aws.url, { tls: certificates });
    onTestFinished(() => front[Symbol.asyncDispose]());
    return { front, authority: certificates.authority };
  };

  test.each(["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])("%s says whom to trust", async (variable) => {
    const { front, authority } = await secured();
    const { asked } = await ask({ ...KEYS, AWS_ENDPOINT_URL: front.url, [variable]: authority });
    expect(asked?.keyId).toBe(KEYS.AWS_ACCESS_KEY_ID);
  });

  test("so does ca_bundle of the profile", async () => {
    const { front } = await secured();
    await writeHome({ ".aws/config": "[profile lab]\nca_bundle = ~/ca.pem\n" });
    const { asked } = await ask({ ...KEYS, AWS_ENDPOINT_URL: front.url, AWS_PROFILE: "lab" });
    expect(asked?.keyId).toBe(KEYS.AWS_ACCESS_KEY_ID);
  });

  test("without it, the message says what to set", async () => {
    const { front } = await secured();
    const { stderr, exitStatus } = await ask({ ...KEYS, AWS_ENDPOINT_URL: front.url });
    expect(exitStatus).toBe(1);
    expect(stderr).toContain("certificate is not trusted");
    expect(stderr).toContain("AWS_CA_BUNDLE");
    expect(stderr).not.toContain("    at ");
    expect(aws.requests).toEqual([]);
  });

  test("a bundle that isn't there is named", async () => {
    const { stderr } = await ask({ ...KEYS, AWS_CA_BUNDLE: "nowhere.pem" });
    expect(stderr).toContain(`${home.path}/nowhere.pem (from AWS_CA_BUNDLE) can't be read`);
  });

  test("HTTPS_PROXY is asked for a tunnel, with its name and password; NO_PROXY excepts", async () => {
    const { front, authority } = await secured();
    await using proxy = await startStubProxy("name:passwordOfProxy");
    const env = { ...KEYS, AWS_ENDPOINT_URL: front.url, AWS_CA_BUNDLE: authority };
    const HTTPS_PROXY = proxy.url.replace("//", "//name:passwordOfProxy@");
    const { asked } = await ask({ ...env, HTTPS_PROXY });
    expect(asked?.keyId).toBe(KEYS.AWS_ACCESS_KEY_ID);
    expect(proxy.requests).toEqual([`CONNECT ${front.url.replace("https://", "")}`]);
    await ask({ ...env, HTTPS_PROXY, NO_PROXY: ".example.org, localhost" });
    expect(proxy.requests).toHaveLength(1);
    expect(aws.requests).toHaveLength(2);
  });

  test("a proxy that wants a password says so", async () => {
    const { front, authority } = await secured();
    await using proxy = await startStubProxy("name:passwordOfProxy");
    const { stderr } = await ask({
      ...KEYS,
      AWS_ENDPOINT_URL: front.url,
      AWS_CA_BUNDLE: authority,
      HTTPS_PROXY: proxy.url,
    });
    expect(stderr).toContain("status 407");
    expect(stderr).toContain("HTTPS_PROXY=http://name:password@");
  });
});

describe("a whole build", () => {
  const prepared = async () => {
    const place = await workplace();
    onTestFinished(() => place[Symbol.asyncDispose]());
    await place.run("local-aws", "start");
    const { endpoint, variables } = await localEnvironment(place);
    const build = (env: Readonly<Record<string, string>>) =>
      runTool(["build", "--aws-batch", "--exec", "sh", place.directory, "-c", "echo result > result.txt"], {
        env: { ...place.env, ...variables, ...env },
        cwd: place.home,
      });
    return { place, endpoint, build };
  };

  test("AWS_ENDPOINT_URL_S3, _BATCH and _CLOUDWATCH_LOGS each lead to their service", async () => {
    const { place, endpoint, build } = await prepared();
    await place.write("Snakefile", "");
    await using s3 = await startFront(endpoint);
    await using batch = await startFront(endpoint);
    await using logs = await startFront(endpoint);
    const { exitStatus } = await build({
      AWS_ENDPOINT_URL: "http://127.0.0.1:1",
      AWS_ENDPOINT_URL_S3: s3.url,
      AWS_ENDPOINT_URL_BATCH: batch.url,
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url,
    });
    expect(exitStatus).toBe(0);
    expect(await place.read("result.txt")).toBe("result\n");
    // Path style: servers other than AWS rarely have a host name for every bucket.
    expect(s3.requests.some((line) => /^PUT \/nextstrain-jobs\/[0-9a-f-]{36}\.zip/.test(line))).toBe(true);
    expect(batch.requests).toContain("POST /v1/submitjob");
    expect(logs.requests).toContain("POST /");
  });

  test.each([3_600_000, -3_600_000])(
    "a clock that is %d ms wrong keeps nothing from being done",
    async (ahead) => {
      const { place, build } = await prepared();
      await place.write("Snakefile", "");
      const wrong = `const Real = Date; globalThis.Date = class extends Real {
      constructor(...of) { super(...(of.length === 0 ? [Real.now() + ${ahead}] : of)); }
      static now() { return Real.now() + ${ahead}; }
    };`;
      const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(wrong)}`;
      const { stderr, exitStatus } = await build({ NODE_OPTIONS });
      expect(stderr).toBe("");
      expect(exitStatus).toBe(0);
      expect(await place.read("result.txt")).toBe("result\n");
    },
  );

  test("a bucket in another region is found, and asked for only once", async () => {
    const { place, endpoint, build } = await prepared();
    // Several parts: none of them is sent to the wrong region.
    await place.write("Snakefile", randomBytes(9 * 2 ** 20).toString("base64"));
    let sent = 0;
    await using s3 = await startFront(endpoint, {
      answer(request, response) {
        if (/\/eu-west-1\/s3\//.test(request.headers.authorization ?? "")) return false;
        sent += 1;
        response.writeHead(301, { "x-amz-bucket-region": "eu-west-1", connection: "close" });
        response.end(`<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>`);
        return true;
      },
    });
    const { stderr, exitStatus } = await build({ AWS_ENDPOINT_URL_S3: s3.url });
    expect(stderr).toBe("");
    expect(exitStatus).toBe(0);
    expect(await place.read("result.txt")).toBe("result\n");
    expect(sent).toBe(1);
    expect(s3.requests.filter((line) => /^PUT .*partNumber/.test(line)).length).toBeGreaterThan(1);
  });
});
