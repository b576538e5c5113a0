import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Conda channels on loopback: what they have, and how they misbehave. */
export interface CondaChannels extends AsyncDisposable {
  /** For NEXTSTRAIN_CONDA_CHANNEL_ALIAS. */
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  /** Answers the next requests for a path in another way than well. */
  misbehave(
    path: string,
    ...ways: readonly ((request: IncomingMessage, response: ServerResponse) => void)[]
  ): void;
  /** The newest version of nextstrain-base. */
  publish(version: string): void;
  /** What the channel says that micromamba's package is, where that isn't so. */
  pretend(sha256: string): void;
}

/** The package that micromamba is taken from, unless told otherwise. */
export const micromambaPackage = "micromamba-1.5.8-0.tar.bz2";

/**
 * A micromamba that fetches nothing: it makes an environment of the package asked for, with a Snakemake that says its
 * environment's version; and notes how it was called beside itself.
 */
const micromamba = `#!/bin/sh
printf '%s\\n' "$*" >> "$0.calls"
prefix= spec= command=
for arg; do
  case "$arg" in create|clean) [ -n "$command" ] || command=$arg ;; esac
  [ "$previous" != --prefix ] || prefix=$arg
  previous=$arg spec=$arg
done
[ "$command" = create ] || exit 0
version=\${spec##*=}
mkdir -p "$prefix/bin" "$prefix/conda-meta"
[ ! -e "$HOME/fail" ] || { echo "could not solve" >&2; exit 1; }
if [ -e "$HOME/hang" ]; then echo ready > "$HOME/hang"; exec sleep 1000; fi
printf '#!/bin/sh\\n[ "$1" = --version ] && echo 9.1.0 && exit\\necho "%s $PATH $CONDA_PREFIX" "$@"\\n' "$version" > "$prefix/bin/snakemake"
chmod +x "$prefix/bin/snakemake"
for package in "nextstrain-base $version" "snakemake-minimal 9.1.0"; do
  set -- $package
  printf '{"name":"%s","version":"%s","build":"0","channel":"test"}' "$1" "$2" > "$prefix/conda-meta/$1-$2-0.json"
done
`;

/** Serves channels that it makes in a directory. Needs tar and bzip2. */
export async function condaChannels(directory: string, subdir: string): Promise<CondaChannels> {
  const files = new Map<string, Buffer>();
  const requests: string[] = [];
  const ways = new Map<string, ((request: IncomingMessage, response: ServerResponse) => void)[]>();

  const root = join(directory, "package");
  mkdirSync(join(root, "bin"), { recursive: true });
  mkdirSync(join(root, "info"), { recursive: true });
  writeFileSync(join(root, "bin", "micromamba"), micromamba);
  writeFileSync(join(root, "info", "index.json"), "{}");
  chmodSync(join(root, "bin", "micromamba"), 0o755);
  const archive = join(directory, micromambaPackage);
  execFileSync("tar", ["-cjf", archive, "-C", root, "info", "bin"]);
  const bytes = readFileSync(archive);
  files.set(`/conda-forge/${subdir}/${micromambaPackage}`, bytes);

  const publishMicromamba = (sha256: string) => {
    const packages = {
      // Longer than what comes at once, and with the name as a value, too.
      "aaa-1-0.tar.bz2": { name: "aaa", version: "1", notes: "x".repeat(200_000), see: micromambaPackage },
      [micromambaPackage]: { name: "micromamba", version: "1.5.8", depends: [], sha256 },
    };
    files.set(
      `/conda-forge/${subdir}/repodata.json`,
      Buffer.from(JSON.stringify({ info: { subdir }, packages }, undefined, 2)),
    );
  };
  publishMicromamba(createHash("sha256").update(bytes).digest("hex"));

  const server = createServer((request, response) => {
    const path = request.url ?? "";
    requests.push(path);
    const way = ways.get(path)?.shift();
    if (way) return way(request, response);
    const content = files.get(path);
    if (content === undefined) return void response.writeHead(404).end();
    if (path.endsWith(".json")) {
      return void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(content));
    }
    // As the real ones, which keep packages elsewhere.
    if (!path.startsWith("/elsewhere")) {
      files.set(`/elsewhere${path}`, content);
      return void response.writeHead(302, { location: `/elsewhere${path}` }).end();
    }
    response.writeHead(200, { "content-length": content.length }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    misbehave: (path, ...given) => void ways.set(path, [...given]),
    publish(version) {
      const record = (of: string) => ({ name: "nextstrain-base", version: of });
      const packages = {
        "a.tar.bz2": record("20240101T000000Z"),
        "c.tar.bz2": { name: "zlib", version: "9" },
      };
      const conda = { "b.conda": record(version) };
      files.set(
        `/nextstrain/${subdir}/repodata.json`,
        Buffer.from(JSON.stringify({ packages, "packages.conda": conda })),
      );
    },
    pretend: publishMicromamba,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
