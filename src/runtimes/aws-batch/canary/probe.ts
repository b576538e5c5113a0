/** Hosts on the internet that workflows fetch data and programs from. */
export const HOSTS = ["data.nextstrain.org", "github.com", "www.ncbi.nlm.nih.gov"] as const;

/** Lines that the probe prints, to see whether the log is complete. */
export const LOG_LINES = 200;
const LINE = "canary line";

/** Where the probe leaves what it saw, in its directory. */
export const REPORT = "report.txt";

/**
 * What runs in the job: a POSIX shell's script, since an image may have little else. It writes `name=value` lines. To reach a
 * host means that a connection to port 443 comes about within seconds, tried with what there is; 2 says that there is nothing.
 */
export const PROBE = `
disk() {
  name=$1
  set -- $(df -Pk "$2" 2>/dev/null | tail -n 1)
  echo "$name=$2 $4"
}
limited() {
  if command -v timeout >/dev/null 2>&1; then timeout 10 "$@"; else "$@"; fi
}
reach() {
  if command -v python3 >/dev/null 2>&1; then
    limited python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], 443), 5)' "$1"
  elif command -v curl >/dev/null 2>&1; then
    curl -sS --connect-timeout 5 -m 10 -o /dev/null "https://$1/"
  elif command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
    timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/443"' "$1"
  else
    return 2
  fi
}
{
  disk root /
  disk work .
  echo "cpus=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null)"
  for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
    if [ -r "$file" ]; then echo "limit=$(cat "$file")"; break; fi
  done
  echo "memory=$(sed -n 's/^MemTotal: *\\([0-9]*\\) kB$/\\1/p' /proc/meminfo 2>/dev/null)"
  echo "user=$(id -un 2>/dev/null || id -u)"
} > ${REPORT}
for host in ${HOSTS.join(" ")}; do
  ( reach "$host" >/dev/null 2>&1; echo "reach $host=$?" > ".reach.$host" ) &
done
wait
for host in ${HOSTS.join(" ")}; do
  cat ".reach.$host" >> ${REPORT}
  rm -f ".reach.$host"
done
i=0
while [ $i -lt ${LOG_LINES} ]; do i=$((i+1)); echo "${LINE} $i"; done
`;

/** What the probe saw; undefined where the job's system doesn't say. */
export interface Seeing {
  /** KiB: of the root's file system, and of that of the working directory. */
  readonly disks: readonly {
    readonly path: "/" | "the working directory";
    readonly size: number;
    readonly free: number;
  }[];
  readonly cpus: number | undefined;
  /** MiB that the job may use. */
  readonly memoryMib: number | undefined;
  readonly user: string | undefined;
  /** Whether each host was reached; undefined where the image has nothing to try it with. */
  readonly reached: ReadonlyMap<string, boolean | undefined>;
}

/** Reads the probe's report. It comes from a job: what doesn't look as it should counts as not said. */
export function readReport(text: string): Seeing {
  const values = new Map(
    text.split("\n").flatMap((line) => {
      const [, name, value] = /^([a-z][\w. -]*)=(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value.trim()] as const];
    }),
  );
  const number = (name: string) => {
    const value = values.get(name);
    return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
  };
  const disk = (name: string, path: Seeing["disks"][number]["path"]) => {
    const [, size, free] = /^(\d{1,15}) (\d{1,15})$/.exec(values.get(name) ?? "") ?? [];
    return size === undefined ? [] : [{ path, size: Number(size), free: Number(free) }];
  };
  const disks = [...disk("root", "/"), ...disk("work", "the working directory")];
  // "max" and, in older systems, a number beyond all memory say that there is no limit of its own.
  const limits = [number("limit"), (number("memory") ?? Number.NaN) * 1024].filter(
    (bytes) => bytes !== undefined && bytes > 0,
  ) as number[];
  const codes = new Map(HOSTS.map((host) => [host, number(`reach ${host}`)] as const));
  return {
    disks: disks.length === 2 && disks[0]?.size === disks[1]?.size ? disks.slice(0, 1) : disks,
    cpus: number("cpus"),
    memoryMib: limits.length > 0 ? Math.floor(Math.min(...limits) / 1024 ** 2) : undefined,
    user: /^[\w.-]{1,64}$/.exec(values.get("user") ?? "")?.[0],
    reached: new Map(
      HOSTS.map((host) => {
        const code = codes.get(host);
        return [host, code === undefined || code === 2 ? undefined : code === 0];
      }),
    ),
  };
}

/** How many of the probe's lines a log holds: each once, however often it is there. */
export function countLines(messages: Iterable<string>): number {
  const seen = new Set<string>();
  for (const message of messages) {
    const number = new RegExp(`^${LINE} (\\d+)$`).exec(message.trim())?.[1];
    if (number !== undefined) seen.add(number);
  }
  return seen.size;
}
