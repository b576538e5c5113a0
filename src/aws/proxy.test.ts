import { expect, test } from "vitest";
import { readProxies } from "./proxy.ts";

const S3 = ["https:", "bucket.s3.eu-west-1.amazonaws.com", 443] as const;
const proxied = { HTTPS_PROXY: "http://proxy.example.org:3128" };

test.each([
  [{}, undefined],
  [proxied, "HTTPS_PROXY"],
  [{ ...proxied, https_proxy: "other:3128" }, "https_proxy"],
  [{ HTTPS_PROXY: "" }, undefined],
  [{ HTTP_PROXY: "http://proxy.example.org:3128" }, undefined],
  [{ ...proxied, NO_PROXY: "*" }, undefined],
  [{ ...proxied, NO_PROXY: "amazonaws.com" }, undefined],
  [{ ...proxied, NO_PROXY: ".amazonaws.com" }, undefined],
  [{ ...proxied, NO_PROXY: "*.amazonaws.com" }, undefined],
  [{ ...proxied, NO_PROXY: "localhost, AMAZONAWS.COM:443" }, undefined],
  [{ ...proxied, NO_PROXY: "amazonaws.com:8443" }, "HTTPS_PROXY"],
  [{ ...proxied, NO_PROXY: "naws.com,aws" }, "HTTPS_PROXY"],
  [{ ...proxied, NO_PROXY: "*", no_proxy: "localhost" }, "HTTPS_PROXY"],
])("%j: S3 is reached by %s", (env, source) => {
  expect(readProxies({ env }).find(...S3)?.source).toBe(source);
});

test("a proxy without a scheme speaks HTTP", () => {
  const found = readProxies({ env: { HTTPS_PROXY: "proxy.example.org:3128" } }).find(...S3);
  expect(found?.value.href).toBe("http://proxy.example.org:3128/");
});

test.each([
  "http://name:12/passwordOfProxy@proxy.example.org",
  "http://name:1#passwordOf@proxy.example.org:3128",
])("a password with characters that end the host is refused, and shown nowhere", (HTTPS_PROXY) => {
  const read = () => readProxies({ env: { HTTPS_PROXY } });
  expect(read).toThrow("The value of HTTPS_PROXY is not the URL of a proxy.");
  expect(read).toThrow(expect.objectContaining({ hint: expect.stringContaining("%23 for #") }));
});
