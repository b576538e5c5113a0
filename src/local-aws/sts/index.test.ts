import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { AwsError } from "../http.ts";
import { openSts } from "./index.ts";

const sts = openSts({ accountId: "123456789012" });

const call = (form: string) =>
  sts.handle({
    method: "POST",
    path: "/",
    query: new URLSearchParams(),
    headers: {},
    body: Readable.from([Buffer.from(form)]),
    principal: { kind: "user", accessKeyId: "LOCALKEY", arn: "arn:aws:iam::123456789012:user/local" },
    trailers: new Map(),
    requestId: "R1",
  });

test("GetCallerIdentity says who signed", async () => {
  const { status, body } = await call("Action=GetCallerIdentity&Version=2011-06-15");
  expect(status).toBe(200);
  expect(body).toContain("<Arn>arn:aws:iam::123456789012:user/local</Arn>");
  expect(body).toContain("<UserId>LOCALKEY</UserId><Account>123456789012</Account>");
});

test("another action is named in a 501", async () => {
  await expect(call("Action=AssumeRole")).rejects.toMatchObject({ status: 501, message: /AssumeRole/ });
});

test("errors are XML with code and message", () => {
  const error = new AwsError("AccessDenied", "No <entry>", 403);
  expect(sts.renderError(error, { path: "/", requestId: "R1" }).body).toContain(
    "<Type>Sender</Type><Code>AccessDenied</Code><Message>No &lt;entry&gt;</Message>",
  );
});
