import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Iam, openIam } from "./index.ts";

const ACCOUNT = "arn:aws:iam::123456789012";
let directory: string;
let iam: Iam;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "iam-test-"));
  iam = await openIam({ directory, accountId: "123456789012", now: () => 1_800_000_000_000 });
});

afterEach(async () => {
  await iam.close();
  await rm(directory, { recursive: true, force: true });
});

async function call(form: Record<string, string>): Promise<string> {
  const { body } = await iam.handle({
    method: "POST",
    path: "/",
    query: new URLSearchParams(),
    headers: {},
    body: Readable.from([Buffer.from(new URLSearchParams(form).toString())]),
    principal: { kind: "user", accessKeyId: "LOCALKEY", arn: `${ACCOUNT}:user/local` },
    trailers: new Map(),
    requestId: "R1",
  });
  return String(body);
}

const simulate = (arn: string) =>
  call({
    Action: "SimulatePrincipalPolicy",
    PolicySourceArn: arn,
    "ActionNames.member.1": "s3:GetObject",
    "ActionNames.member.2": "s3:PutObject",
    "ActionNames.member.3": "s3:DeleteObject",
    "ResourceArns.member.1": "arn:aws:s3:::bucket/key",
  });
const decisions = (body: string) =>
  [...body.matchAll(/<EvalDecision>(\w+)</g)].map(([, decision]) => decision);

test("a role's policies decide for each action", async () => {
  await call({
    Action: "CreateRole",
    RoleName: "jobs",
    AssumeRolePolicyDocument:
      '{"Statement":{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}}',
  });
  const statements = [
    { Effect: "Allow", Action: ["s3:GetObject", "s3:DeleteObject"], Resource: "arn:aws:s3:::bucket/*" },
    { Effect: "Deny", Action: "s3:DeleteObject", Resource: "*" },
  ];
  await call({
    Action: "PutRolePolicy",
    RoleName: "jobs",
    PolicyName: "p",
    PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: statements }),
  });
  const body = await simulate(`${ACCOUNT}:role/jobs`);
  expect(decisions(body)).toEqual(["allowed", "implicitDeny", "explicitDeny"]);
  expect(body).toContain("<EvalResourceName>arn:aws:s3:::bucket/key</EvalResourceName>");
});

test("the owner may do everything, and who is not there is not found", async () => {
  expect(decisions(await simulate(`${ACCOUNT}:user/local`))).toEqual(["allowed", "allowed", "allowed"]);
  await expect(simulate(`${ACCOUNT}:role/nobody`)).rejects.toMatchObject({ code: "NoSuchEntity" });
});
