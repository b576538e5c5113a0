import { expect, test } from "vitest";
import { routeOf } from "./profile-route.ts";

const keys = { aws_access_key_id: "AKIA", aws_secret_access_key: "secret" };
const profiles = {
  keys,
  process: { credential_process: "give-keys" },
  both: { ...keys, credential_process: "give-keys" },
  sso: { sso_session: "institute" },
  "old-sso": { sso_start_url: "https://institute.awsapps.com/start" },
  login: { login_session: "arn:aws:iam::123456789012:user/ada" },
  web: { role_arn: "role/web", web_identity_token_file: "token" },
  role: { role_arn: "role/one", source_profile: "process", mfa_serial: "mfa/ada", duration_seconds: "900" },
  chained: { role_arn: "role/two", source_profile: "role", region: "eu-west-1" },
  itself: { ...keys, role_arn: "role/self", source_profile: "itself" },
  circle: { role_arn: "role/circle", source_profile: "circle" },
  ring: { role_arn: "role/ring", source_profile: "back" },
  back: { role_arn: "role/back", source_profile: "ring" },
  machine: { role_arn: "role/machine", credential_source: "Ec2InstanceMetadata" },
  lost: { role_arn: "role/lost", source_profile: "nowhere" },
};

test.each<[keyof typeof profiles, string[], object]>([
  ["keys", [], { kind: "profile", profile: "keys", login: undefined }],
  ["both", [], { kind: "profile", profile: "both" }],
  ["process", [], { kind: "process", profile: "process", command: "give-keys" }],
  ["sso", [], { kind: "profile", login: "sso" }],
  ["old-sso", [], { kind: "profile", login: "sso" }],
  ["login", [], { kind: "profile", login: "aws login" }],
  ["web", [], { kind: "profile", profile: "web" }],
  ["role", ["role/one"], { kind: "process" }],
  // The first one that is assumed comes first.
  ["chained", ["role/one", "role/two"], { kind: "process" }],
  ["itself", ["role/self"], { kind: "keys", accessKeyId: "AKIA" }],
  ["machine", ["role/machine"], { kind: "named", name: "Ec2InstanceMetadata" }],
])("%s: the roles %j, from %j", (name, roles, source) => {
  const route = routeOf(profiles, name);
  expect(route?.roles.map(({ roleArn }) => roleArn)).toEqual(roles);
  expect(route?.source).toMatchObject(source);
});

test("what a role is assumed with", () => {
  expect(routeOf(profiles, "role")?.roles).toEqual([
    {
      profile: "role",
      roleArn: "role/one",
      sessionName: undefined,
      externalId: undefined,
      durationSeconds: 900,
      mfaSerial: "mfa/ada",
      region: undefined,
    },
  ]);
});

test.each(["circle", "ring", "lost", "nowhere"])("%s leads nowhere", (name) => {
  expect(routeOf(profiles, name)).toBeUndefined();
});
