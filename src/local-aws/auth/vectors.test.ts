// Examples of the S3 API Reference: "Signature Calculations for the Authorization Header" (single and multiple chunks,
// trailing headers) and "Authenticating Requests: Using Query Parameters".
import { describe, expect, test } from "vitest";
import type { AwsError, Principal } from "../http.ts";
import { parseAuthorization } from "./authorization.ts";
import { decodeAwsChunked } from "./aws-chunked.ts";
import { signingKey } from "./signing.ts";
import { parseTarget } from "./target.ts";
import { verifyRequest } from "./verify.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const NOW = Date.parse("2013-05-24T00:00:00Z");
const principal: Principal = {
  kind: "user",
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  arn: "arn:aws:iam::1:user/a",
};
const keys = (id: string) =>
  id === principal.accessKeyId ? { secretAccessKey: SECRET, principal } : undefined;

const RANGED_GET = {
  host: "examplebucket.s3.amazonaws.com",
  range: "bytes=0-9",
  "x-amz-content-sha256": EMPTY,
  "x-amz-date": "20130524T000000Z",
  authorization:
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
};
const PRESIGNED =
  "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";

function verify(
  url: string,
  headers: Record<string, string>,
  {
    payloadHash = EMPTY,
    now = NOW,
    method = "GET",
    keysOf = keys as Parameters<typeof verifyRequest>[2],
  } = {},
): Principal | string {
  const target = parseTarget(url);
  const lists = new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));
  try {
    const authorization = parseAuthorization(target, lists);
    if (authorization === undefined) return "anonymous";
    return verifyRequest({ method, target, headers: lists, payloadHash }, authorization, keysOf, now)
      .principal;
  } catch (error) {
    return (error as AwsError).code;
  }
}

describe("a signature in the Authorization header", () => {
  test("is accepted as AWS computes it", () => {
    expect(verify("/test.txt", RANGED_GET)).toEqual(principal);
  });

  test.each([
    ["another method", verify("/test.txt", RANGED_GET, { method: "PUT" })],
    ["another path", verify("/test.txt2", RANGED_GET)],
    ["another query", verify("/test.txt?a", RANGED_GET)],
    ["another signed header", verify("/test.txt", { ...RANGED_GET, range: "bytes=0-8" })],
    ["another payload", verify("/test.txt", RANGED_GET, { payloadHash: "UNSIGNED-PAYLOAD" })],
  ])("is refused with %s", (_what, outcome) => {
    expect(outcome).toBe("SignatureDoesNotMatch");
  });

  test("is refused 15 minutes too early or too late", () => {
    const minutes = 60_000;
    expect(verify("/test.txt", RANGED_GET, { now: NOW + 15 * minutes })).toEqual(principal);
    expect(verify("/test.txt", RANGED_GET, { now: NOW + 15 * minutes + 1 })).toBe("RequestTimeTooSkewed");
    expect(verify("/test.txt", RANGED_GET, { now: NOW - 15 * minutes - 1 })).toBe("RequestTimeTooSkewed");
  });

  test("must cover every x-amz- header", () => {
    expect(verify("/test.txt", { ...RANGED_GET, "x-amz-meta-a": "1" })).toBe("AccessDenied");
  });

  test("is refused for a key that nobody was given", () => {
    expect(verify("/test.txt", RANGED_GET, { keysOf: () => undefined })).toBe("InvalidAccessKeyId");
  });

  test("needs the session token that its key has", () => {
    const keysOf = () => ({ secretAccessKey: SECRET, sessionToken: "token", principal });
    expect(verify("/test.txt", RANGED_GET, { keysOf })).toBe("InvalidToken");
    expect(verify("/test.txt", { ...RANGED_GET, "x-amz-security-token": "other" }, { keysOf })).toBe(
      "InvalidToken",
    );
  });

  test("that does not cover the host is malformed", () => {
    const authorization = RANGED_GET.authorization.replace("host;", "");
    expect(verify("/test.txt", { ...RANGED_GET, authorization })).toBe("AuthorizationHeaderMalformed");
  });
});

describe("a presigned URL", () => {
  const unsigned = { payloadHash: "UNSIGNED-PAYLOAD" };
  const headers = { host: "examplebucket.s3.amazonaws.com" };

  test("is accepted until it expires", () => {
    const end = NOW + 86_400_000;
    expect(verify(PRESIGNED, headers, { ...unsigned, now: end })).toEqual(principal);
    expect(verify(PRESIGNED, headers, { ...unsigned, now: end + 1 })).toBe("AccessDenied");
  });

  test("cannot be made to live longer", () => {
    expect(verify(PRESIGNED.replace("=86400", "=86401"), headers, unsigned)).toBe("SignatureDoesNotMatch");
    const longer = PRESIGNED.replace("=86400", "=604801");
    expect(verify(longer, headers, unsigned)).toBe("AuthorizationQueryParametersError");
  });

  test("is refused for another object", () => {
    expect(verify(PRESIGNED.replace("test", "tost"), headers, unsigned)).toBe("SignatureDoesNotMatch");
  });
});

const signing = {
  key: signingKey(SECRET, { date: "20130524", region: "us-east-1", service: "s3" }),
  timestamp: "20130524T000000Z",
  scope: "20130524/us-east-1/s3/aws4_request",
};

/** 64 KiB and 1 KiB of "a", as in the examples. */
function exampleBody(signatures: readonly string[], trailer: string): Buffer {
  const sizes = [65_536, 1024, 0];
  const chunks = sizes.map((size, index) => {
    const data = size > 0 ? `${"a".repeat(size)}\r\n` : "";
    return `${size.toString(16)};chunk-signature=${signatures[index]}\r\n${data}`;
  });
  return Buffer.from(`${chunks.join("")}${trailer}\r\n`);
}

const SIGNED = {
  seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
  body: exampleBody(
    [
      "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
      "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
      "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ],
    "",
  ),
};
const TRAILED = {
  seed: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
  body: exampleBody(
    [
      "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
      "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
      "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ],
    "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
  ),
};

async function decode(
  body: Uint8Array,
  options: { seed?: string; promised?: string[]; pieceSize?: number } = {},
): Promise<{ length: number; trailers: Map<string, string> } | string> {
  const { seed, promised = [], pieceSize = body.length } = options;
  async function* pieces() {
    for (let i = 0; i < body.length; i += pieceSize) yield body.subarray(i, i + pieceSize);
  }
  const trailers = new Map<string, string>();
  try {
    let length = 0;
    const used = seed === undefined ? undefined : { ...signing, seed };
    for await (const piece of decodeAwsChunked(pieces(), { signing: used, promised, trailers })) {
      length += piece.length;
    }
    return { length, trailers };
  } catch (error) {
    return (error as AwsError).code;
  }
}

function flipped(body: Buffer, index: number): Buffer {
  const copy = Buffer.from(body);
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

describe("an aws-chunked body", () => {
  const crc32c = { promised: ["x-amz-checksum-crc32c"] };

  test.each([1, 7, 88, 65_536])(
    "with signed chunks is verified when it comes in pieces of %i bytes",
    async (pieceSize) => {
      expect(await decode(SIGNED.body, { seed: SIGNED.seed, pieceSize })).toMatchObject({ length: 66_560 });
    },
  );

  test("with a changed byte of data is refused", async () => {
    expect(await decode(flipped(SIGNED.body, 1000), { seed: SIGNED.seed })).toBe("SignatureDoesNotMatch");
  });

  test("with a chunk dropped is refused", async () => {
    const second = SIGNED.body.indexOf("400;");
    const third = SIGNED.body.indexOf("0;", second + 3);
    const body = Buffer.concat([SIGNED.body.subarray(0, second), SIGNED.body.subarray(third)]);
    expect(await decode(body, { seed: SIGNED.seed })).toBe("SignatureDoesNotMatch");
  });

  test("that ends before its last chunk is incomplete", async () => {
    const body = SIGNED.body.subarray(0, SIGNED.body.indexOf("400;"));
    expect(await decode(body, { seed: SIGNED.seed })).toBe("IncompleteBody");
  });

  test("without signatures is refused where they were announced", async () => {
    expect(await decode(Buffer.from("1\r\na\r\n0\r\n\r\n"), { seed: SIGNED.seed })).toBe(
      "SignatureDoesNotMatch",
    );
  });

  test("with a signed trailer gives the trailer", async () => {
    const decoded = await decode(TRAILED.body, { seed: TRAILED.seed, ...crc32c, pieceSize: 3 });
    expect(decoded).toEqual({ length: 66_560, trailers: new Map([["x-amz-checksum-crc32c", "sOO8/Q=="]]) });
  });

  test("with a changed or unsigned trailer is refused", async () => {
    const at = TRAILED.body.indexOf("sOO8");
    const options = { seed: TRAILED.seed, ...crc32c };
    expect(await decode(flipped(TRAILED.body, at), options)).toBe("SignatureDoesNotMatch");
    const cut = TRAILED.body.subarray(0, TRAILED.body.indexOf("x-amz-trailer-signature"));
    expect(await decode(cut, options)).toBe("SignatureDoesNotMatch");
  });

  test("may have a trailer and no signatures", async () => {
    const body = Buffer.from("3\r\nabc\r\n0\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n");
    expect(await decode(body, { ...crc32c, pieceSize: 1 })).toMatchObject({ length: 3 });
  });

  test("must bring the trailers that were promised, and no others", async () => {
    expect(await decode(Buffer.from("0\r\n\r\n"), crc32c)).toBe("MalformedTrailerError");
    expect(await decode(Buffer.from("0\r\nx-other:1\r\n\r\n"))).toBe("MalformedTrailerError");
  });

  test("is refused where its framing is wrong", async () => {
    expect(await decode(Buffer.from("zz\r\n"))).toBe("InvalidChunkSizeError");
    expect(await decode(Buffer.from("1\r\nab\r\n0\r\n\r\n"))).toBe("InvalidChunkSizeError");
    expect(await decode(Buffer.from("1".repeat(5000)))).toBe("InvalidRequest");
  });
});
