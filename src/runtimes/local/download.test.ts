import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { makeCertificates } from "../../../test/support/certificates.ts";
import { testContext } from "../../../test/support/context.ts";
import { have } from "../../../test/support/have.ts";
import { startStubProxy } from "../../../test/support/stub-aws.ts";
import { tempDir } from "../../../test/support/temp-dir.ts";
import { readUrl } from "./download.ts";

/** A server that says `hello`, encrypted, with a certificate that nobody trusts. */
async function secured() {
  const place = await tempDir();
  const { authority, key, cert } = makeCertificates(place.path);
  const server = createServer({ key, cert }, (_, response) => response.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  onTestFinished(async () => {
    server.close();
    await place[Symbol.asyncDispose]();
  });
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  return { authority, host, url: `https://${host}/` };
}

const read = (env: Record<string, string>, url: string) =>
  readUrl(testContext({ env }), url, (body) => text(body));

test.skipIf(!have("openssl"))(
  "downloads go through the proxy and trust the certificates that the environment names (needs openssl)",
  async () => {
    const { authority, host, url } = await secured();
    await using proxy = await startStubProxy("name:secret");
    const env = { REQUESTS_CA_BUNDLE: authority };
    expect(await read({ ...env, HTTPS_PROXY: proxy.url.replace("//", "//name:secret@") }, url)).toBe("hello");
    expect(proxy.requests).toEqual([`CONNECT ${host}`]);
    expect(await read({ ...env, HTTPS_PROXY: proxy.url, NO_PROXY: "localhost" }, url)).toBe("hello");
    await expect(read({ ...env, HTTPS_PROXY: proxy.url }, url)).rejects.toThrow(
      `(from HTTPS_PROXY) lets nothing through to ${host} (status 407).`,
    );
  },
);

test.skipIf(!have("openssl"))(
  "a server that nobody vouches for is refused at once, with what to set (needs openssl)",
  async () => {
    const { url } = await secured();
    await expect(read({}, url)).rejects.toMatchObject({
      message: expect.stringMatching(/certificate is not trusted \(\w+\)\.$/),
      hint: expect.stringContaining("REQUESTS_CA_BUNDLE"),
    });
  },
);
