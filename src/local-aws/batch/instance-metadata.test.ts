// Protects that a job on local AWS finds out about its instance as on EC2: a Spot notice, and the role's credentials, by IMDSv2 alone.
import { expect, test } from "vitest";
import { createInstanceMetadata, METADATA_PREFIX } from "./instance-metadata.ts";

const credentials = { accessKeyId: "AKIA", secretAccessKey: "secret" };
const action = "latest/meta-data/spot/instance-action";

test("a page is answered with a token only, and the notice once it is given", () => {
  const metadata = createInstanceMetadata(() => 1_000_000);
  using instance = metadata.open(credentials);
  expect(instance.path).toMatch(/^\/_instance\/[0-9a-f]{32}$/);
  const ask = (method: string, page: string, headers: Record<string, string> = {}) =>
    metadata.answer({ method, path: `${instance.path}/${page}`, headers });
  expect(ask("GET", action).status).toBe(401);
  expect(ask("PUT", "latest/api/token").status).toBe(400);
  const token = String(ask("PUT", "latest/api/token", { "x-aws-ec2-metadata-token-ttl-seconds": "60" }).body);
  const headers = { "x-aws-ec2-metadata-token": token };
  expect(ask("GET", action, headers).status).toBe(404);
  instance.giveNotice(1_120_000);
  expect(ask("GET", action, headers)).toMatchObject({
    status: 200,
    body: '{"action":"terminate","time":"1970-01-01T00:18:40Z"}',
  });
  const role = ask("GET", "latest/meta-data/iam/security-credentials/", headers).body;
  const page = ask("GET", `latest/meta-data/iam/security-credentials/${role}`, headers);
  expect(JSON.parse(String(page.body))).toMatchObject({
    ...{ Code: "Success", AccessKeyId: "AKIA", SecretAccessKey: "secret", Token: "" },
    Expiration: "1970-01-01T01:16:40Z",
  });
});

test("an instance that nobody has opened, or that is closed, has no pages", () => {
  const metadata = createInstanceMetadata(() => 0);
  const instance = metadata.open(credentials);
  instance[Symbol.dispose]();
  const token = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
  for (const path of [instance.path, `${METADATA_PREFIX}x`, METADATA_PREFIX]) {
    expect(metadata.answer({ method: "PUT", path: `${path}/latest/api/token`, headers: token }).status).toBe(
      404,
    );
  }
});
