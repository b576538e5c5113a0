// The package that people install: its size, and what is in it.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Packed {
  /** Bytes of the tarball. */
  readonly size: number;
  /** Bytes of its files. */
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** As `npm pack` would make it. The tests' set-up has built the program. */
function pack(): Packed {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const [packed]: readonly Packed[] = JSON.parse(
    execFileSync("npm", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
  if (packed === undefined) throw new Error("npm packed nothing");
  return packed;
}

const packed = pack();
const paths = packed.files.map(({ path }) => path);

test("is at most 1.5 MB, and 5 MB unpacked", () => {
  expect(packed.size).toBeLessThanOrEqual(1_500_000);
  expect(packed.unpackedSize).toBeLessThanOrEqual(5_000_000);
});

test("has the program as built, and no source maps, tests or sources", () => {
  expect(paths).toEqual(expect.arrayContaining(["bin/nextstrain.js", "dist/main.js", "dist/local-aws.js"]));
  expect(paths.filter((path) => /\.map$|\.ts$|^(src|test|scripts|dist\/bench)\//.test(path))).toEqual([]);
});

test("states the licences of the packages that are bundled", () => {
  expect(paths).toContain("NOTICE");
  const notice = readFileSync(`${root}/NOTICE`, "utf8");
  for (const name of ["@aws-sdk/client-s3", "@smithy/core", "commander", "fast-xml-parser"]) {
    const { version, license } = JSON.parse(
      readFileSync(`${root}/node_modules/${name}/package.json`, "utf8"),
    );
    expect(notice).toContain(`\n${name} ${version} (${license})\n`);
  }
  expect(notice).toContain(readFileSync(`${root}/node_modules/commander/LICENSE`, "utf8").trim());
  expect(notice).not.toContain("esbuild");
});
