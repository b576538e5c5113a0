import { describe, expect, test } from "vitest";
import { decide, parsePolicy } from "./policy.ts";

const policy = (...statements: object[]) => parsePolicy(JSON.stringify({ Statement: statements }));
const wish = (action: string, resource = "*") => ({ action, resource });

const allow = { Effect: "Allow", Action: "*", Resource: "*" };

describe("a policy", () => {
  test("allows what one of its statements does, and nothing else", () => {
    const objects = policy({
      Effect: "Allow",
      Action: ["s3:Get*", "s3:PutObject"],
      Resource: ["arn:aws:s3:::a-bucket/*"],
    });
    expect(decide([objects], wish("s3:GetObject", "arn:aws:s3:::a-bucket/a/b"))).toBe("allowed");
    expect(decide([objects], wish("S3:putobject", "arn:aws:s3:::a-bucket/x"))).toBe("allowed");
    expect(decide([objects], wish("s3:GetObject", "arn:aws:s3:::a-bucket"))).toBe("not allowed");
    expect(decide([objects], wish("s3:GetObject", "arn:aws:s3:::A-bucket/x"))).toBe("not allowed");
    expect(decide([objects], wish("s3:DeleteObject", "arn:aws:s3:::a-bucket/x"))).toBe("not allowed");
    expect(decide([], wish("s3:GetObject"))).toBe("not allowed");
  });

  test("that denies outweighs all that allow", () => {
    const denial = policy({ ...allow, Effect: "Deny", Action: "batch:Submit?ob" });
    expect(decide([policy(allow), denial], wish("batch:SubmitJob"))).toBe("denied");
    expect(decide([policy(allow), denial], wish("batch:ListJobs"))).toBe("allowed");
  });

  test("knows all but certain actions and resources", () => {
    const others = policy({ Effect: "Allow", NotAction: "iam:*", NotResource: "secret" });
    expect(decide([others], wish("s3:GetObject"))).toBe("allowed");
    expect(decide([others], wish("iam:GetUser"))).toBe("not allowed");
    expect(decide([others], wish("s3:GetObject", "secret"))).toBe("not allowed");
  });

  test("with a condition is on the safe side", () => {
    const Condition = { Bool: { "aws:SecureTransport": "true" } };
    expect(decide([policy({ ...allow, Condition })], wish("s3:GetObject"))).toBe("not allowed");
    const denial = policy({ ...allow, Effect: "Deny", Condition });
    expect(decide([policy(allow), denial], wish("s3:GetObject"))).toBe("denied");
  });

  test.each([
    ["{", "Syntax errors"],
    ['{"Version": "1999-01-01", "Statement": []}', "valid version"],
    ['{"Statement": [{"Effect": "Perhaps"}]}', "an Effect"],
    ['{"Statement": [{"Effect": "Allow", "Resource": "*"}]}', "contain actions"],
    ['{"Statement": [{"Effect": "Allow", "Action": "*"}]}', "contain resources"],
    ['{"Statement": [{"Effect": "Allow", "Action": 1, "Resource": "*"}]}', "Syntax errors"],
  ])("%s is refused", (document, reason) => {
    expect(() => parsePolicy(document)).toThrow(reason);
  });
});
