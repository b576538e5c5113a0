import { expect, test } from "vitest";
import { parseAuthorization } from "../../auth/authorization.ts";
import { collectHeaders } from "../../auth/canonical.ts";
import { parseTarget } from "../../auth/target.ts";
import { verifyRequest } from "../../auth/verify.ts";
import { signedHeaders } from "./signer.ts";

test.each([undefined, "a-session-token"])(
  "local AWS accepts the signature (session token: %s)",
  (sessionToken) => {
    const time = new Date(1_800_000_000_000);
    const path = "/bucket/some%20dir/run%2B1.zip";
    const signed = signedHeaders(
      { method: "PUT", host: "127.0.0.1:4566", path },
      { accessKeyId: "AKIAJOB", secretAccessKey: "job-secret", sessionToken, region: "us-east-1" },
      time,
    );
    const target = parseTarget(path);
    const headers = collectHeaders(Object.entries(signed).flat());
    const authorization = parseAuthorization(target, headers);
    if (authorization === undefined) throw new Error("no authorization");
    const principal = { kind: "job", accessKeyId: "AKIAJOB", arn: "arn:aws:iam::1:role/x" } as const;
    const verify = (method: string) =>
      verifyRequest(
        { method, target, headers, payloadHash: "UNSIGNED-PAYLOAD" },
        authorization,
        () => ({ secretAccessKey: "job-secret", sessionToken, principal }),
        time.getTime(),
      ).principal;
    expect(verify("PUT")).toBe(principal);
    expect(() => verify("GET")).toThrow();
  },
);
