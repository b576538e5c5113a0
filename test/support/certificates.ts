import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate authority of the test's own, and a server's certificate by it. Needs openssl. */
export interface TestCertificates {
  /** Path of the authority's certificate, in PEM. */
  readonly authority: string;
  /** Of `localhost`, in PEM. */
  readonly key: string;
  readonly cert: string;
}

export function makeCertificates(directory: string): TestCertificates {
  const file = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    ...["req", "-x509", ...newKey, "-keyout", file("ca.key"), "-out", file("ca.pem")],
    ...["-days", "2", "-subj", "/CN=Test authority"],
  );
  openssl(
    "req",
    ...newKey,
    "-keyout",
    file("key.pem"),
    "-out",
    file("request.pem"),
    "-subj",
    "/CN=localhost",
  );
  writeFileSync(file("names"), "subjectAltName=DNS:localhost\n");
  openssl(
    ...["x509", "-req", "-in", file("request.pem"), "-CA", file("ca.pem"), "-CAkey", file("ca.key")],
    ...["-CAcreateserial", "-days", "2", "-out", file("cert.pem"), "-extfile", file("names")],
  );
  const read = (name: string) => readFileSync(file(name), "utf8");
  return { authority: file("ca.pem"), key: read("key.pem"), cert: read("cert.pem") };
}
