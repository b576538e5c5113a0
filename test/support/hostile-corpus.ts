import { createHash } from "node:crypto";
import { crc32, gzipSync } from "node:zlib";
import type { ArchiveInput } from "../../src/archive/types.ts";
import { packSmall } from "../../src/archive/write.ts";
import { seededNumbers } from "./random.ts";

/** What somebody who may write to the bucket could put there in place of a job's results. */
export interface HostileRun {
  /** What was done to it, for messages. */
  readonly what: string;
  readonly archive: Buffer;
  readonly manifest: Buffer;
  /** All contents that the archive's entries had before anything was done to it. */
  readonly contents: ReadonlySet<string>;
}

/** Lies beside the build directory: nothing there may change. */
export const OUTSIDE = "outside";
/** Names of the build directory's own that are in the archive, too. */
export const LINK_OUT = "link-out";
export const EDITED = "edited.txt";

const RUN_ID = "0f8fad5b-d9cb-469f-a165-70867728950e";
const MTIME = Date.UTC(2026, 10, 22, 15, 4, 5);
const signal = new AbortController().signal;
const LOCAL_HEADER = Buffer.from("PK\x03\x04");
const CENTRAL_RECORD = Buffer.from("PK\x01\x02");
const END_RECORD = Buffer.from("PK\x05\x06");

const NAMES = [
  ...[
    "results/a.txt",
    "results/deep/b.json",
    "c",
    "d/e/f/g",
    EDITED,
    ".snakemake/metadata/Yw==",
    "Case",
    "case",
  ],
  ...[
    `../${OUTSIDE}/x`,
    `/tmp/nextstrain-${OUTSIDE}`,
    `a/../../${OUTSIDE}/x`,
    "a//b",
    "./c",
    "..",
    "a/.",
    "\\..\\x",
  ],
  ...[`${LINK_OUT}/x`, `${LINK_OUT}/deep/x`, LINK_OUT, ".git/hooks/post-checkout", ".GIT/config", "git~1/x"],
  ...[".snakemake/locks/0.input.lock", "__pycache__/x.pyc", ".nextstrain-tmp-000000000000-x", "../augur/x"],
  ...["esc\x1b[2J", "cr\r", "new\nline", "\u202etxt.exe", "é", "e\u0301", "x".repeat(255), "x".repeat(300)],
  ...["results", "c/below-a-file", "a/".repeat(500).concat("x"), "constructor", "__proto__", "toString/x"],
];

/** Runs of which each differs, the same for the same seed. */
export async function* hostileRuns(seed: number, count: number): AsyncGenerator<HostileRun> {
  for (let at = 0; at < count; at++) yield hostileRun(seed + at);
}

async function hostileRun(seed: number): Promise<HostileRun> {
  const random = seededNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;

  const files = new Map<string, string>();
  for (let number = 3 + below(10); number > 0; number--) {
    files.set(pick(NAMES), `${seed} ${"content ".repeat(below(2) * below(20_000))}${number}`);
  }
  const inputs = [...files].map(
    ([path, content]): ArchiveInput => ({
      ...{ path, kind: "file", source: Buffer.from(content), size: content.length },
      ...{ mtimeMs: MTIME, mode: pick([0o644, 0o755, 0o600, 0o444]) },
    }),
  );
  const archive = Buffer.from(await packSmall(inputs, { signal }));
  const done: string[] = [];
  let bytes: Buffer = archive;
  for (let number = below(4); number > 0; number--) {
    const [name, change] = pick(CHANGES);
    done.push(name);
    bytes = change(bytes, below);
  }
  const states = [...files].map(([path, content]) => ({
    ...{ path, size: content.length, mtimeMs: MTIME, mode: 0o644, crc32: crc32(content) ^ below(2) },
    sha256: createHash("sha256").update(content).digest("hex"),
  }));
  const [kind, manifest] = pick(MANIFESTS);
  return {
    what: `seed ${seed}: ${[...files.keys()].map((name) => JSON.stringify(name.slice(0, 40))).join(", ")}; ${done.join(", ")}; manifest: ${kind}`,
    archive: bytes,
    manifest: manifest(states, below),
    contents: new Set(files.values()),
  };
}

type Below = (limit: number) => number;

/** All places where these bytes are. */
function placesOf(bytes: Buffer, what: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(what); at !== -1; at = bytes.indexOf(what, at + 1)) places.push(at);
  return places;
}

/** A change of one field of one record of a kind. */
function field(signature: Buffer, offset: number, size: 2 | 4, values: readonly number[]) {
  return (before: Buffer, below: Below): Buffer => {
    const bytes = Buffer.from(before);
    const places = placesOf(bytes, signature);
    const at = (places[below(places.length)] ?? 0) + offset;
    if (at + size > bytes.length) return bytes;
    const value = values[below(values.length)] ?? 0;
    bytes.writeUIntLE(value % 2 ** (8 * size), at, size);
    return bytes;
  };
}

const SIZES = [0, 1, 0x7f, 0xffff, 0xffff_ffff, 0x7fff_ffff, 1000];

/** Offsets as in APPNOTE 4.3.7, 4.3.12 and 4.3.16. */
const CHANGES: readonly (readonly [string, (bytes: Buffer, below: Below) => Buffer])[] = [
  ["another type", field(CENTRAL_RECORD, 40, 2, [0o120_777, 0o010_644, 0o020_644, 0o104_755, 0o040_755, 0])],
  ["another system", field(CENTRAL_RECORD, 4, 2, [0, 0x0314, 0x1314, 0xffff])],
  ["other flags", field(CENTRAL_RECORD, 8, 2, [1, 8, 0x800, 0x2000, 0xffff])],
  ["another method", field(CENTRAL_RECORD, 10, 2, [0, 8, 12, 93, 99])],
  ["another CRC", field(CENTRAL_RECORD, 16, 4, [0, 1, 0xffff_ffff])],
  ["another compressed size", field(CENTRAL_RECORD, 20, 4, SIZES)],
  ["another size", field(CENTRAL_RECORD, 24, 4, SIZES)],
  ["another length of a name", field(CENTRAL_RECORD, 28, 2, SIZES)],
  ["another length of extra fields", field(CENTRAL_RECORD, 30, 2, SIZES)],
  ["another offset", field(CENTRAL_RECORD, 42, 4, [...SIZES, 30, 60])],
  ["no local header", field(LOCAL_HEADER, 0, 4, [0, 0x0201_4b50])],
  ["another name's length in a local header", field(LOCAL_HEADER, 26, 2, SIZES)],
  ["another length of a local header's extra fields", field(LOCAL_HEADER, 28, 2, SIZES)],
  ["another count", field(END_RECORD, 10, 2, SIZES)],
  ["another size of the directory", field(END_RECORD, 12, 4, SIZES)],
  ["another place of the directory", field(END_RECORD, 16, 4, SIZES)],
  ["cut off", (bytes, below) => bytes.subarray(0, below(bytes.length))],
  ["bytes before it", (bytes, below) => Buffer.concat([Buffer.alloc(1 + below(100)), bytes])],
  ["bytes after it", (bytes, below) => Buffer.concat([bytes, Buffer.alloc(1 + below(100))])],
  [
    "bits turned",
    (before, below) => {
      const bytes = Buffer.from(before);
      for (let number = 1 + below(8); number > 0 && bytes.length > 0; number--) {
        const at = below(bytes.length);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << below(8)), at);
      }
      return bytes;
    },
  ],
];

const BOMB = gzipSync(Buffer.alloc(32 * 1024 * 1024, " "));

type State = Readonly<Record<string, unknown>>;
const whole = (uploaded: unknown, more: State = {}) =>
  gzipSync(JSON.stringify({ version: 1, runId: RUN_ID, uploaded, ...more }));

const MANIFESTS: readonly (readonly [string, (states: readonly State[], below: Below) => Buffer])[] = [
  ["as it was", (states) => whole(states.filter(({ path }) => !String(path).includes("..")))],
  ["of nothing", () => whole([])],
  ["with all names", (states) => whole(states)],
  ["of other files", (states) => whole(states.map((state) => ({ ...state, path: `other-${state.path}` })))],
  ["with a name twice", (states) => whole([...states, ...states])],
  ["of a newer version", (states) => whole(states, { version: 2 })],
  ["of another run", (states) => whole(states, { runId: RUN_ID.replace("0", "1") })],
  ["of wrong types", (states) => whole(states.map((state) => ({ ...state, size: "1", mode: -1 })))],
  ["of no list", (states) => whole({ length: 1, 0: states[0] })],
  ["of huge numbers", (states) => whole(states.map((state) => ({ ...state, mtimeMs: 1e300 })))],
  ["that is a bomb", () => BOMB],
  ["that is no JSON", () => gzipSync("{")],
  ["that is not gzipped", (states) => Buffer.from(JSON.stringify(states))],
  ["cut off", (states, below) => whole(states).subarray(0, below(40))],
];
