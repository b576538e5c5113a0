// Peak memory while a large build goes up and its results come down, and local AWS's growth meanwhile. Linux only (/proc).
// Limits: 200 MiB, 200 MiB, 100 MiB, and 200 MiB for one sparse file of 20 GiB. NEXTSTRAIN_BENCH_MEMORY_MIB makes the
// 4096 MiB smaller, and NEXTSTRAIN_BENCH_SPARSE_GIB the 20 GiB, where time is short.
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openHome } from "./tool.mjs";

export const name = "memory";

const MIB = 1024 ** 2;
const FILES = 10;
const SPARSE_GIB = Number(process.env.NEXTSTRAIN_BENCH_SPARSE_GIB ?? 20);
const SIZE = Number(process.env.NEXTSTRAIN_BENCH_MEMORY_MIB ?? 4096);

/** @returns {Promise<string[]>} */
export async function run() {
  const place = await openHome();
  try {
    const bytes = Math.floor((SIZE * MIB) / FILES);
    for (let index = 0; index < FILES; index += 1) {
      await writeLarge(join(place.directory, `${index}.bin`), bytes, index % 2 === 1);
    }
    const { pid } = await place.status();
    const before = await peakOf(pid);
    const aws = ["build", "--aws-batch", "--local-aws"];
    const up = await place.measured(
      ...[...aws, "--detach", "--exec", "sh", place.directory],
      ...["-c", "for file in *.bin; do echo changed >> $file; done"],
    );
    const id = /^AWS Batch Job ID: (\S+)$/m.exec(up.stdout)?.[1] ?? "";
    // The job has ended before the download is measured.
    await place.tool(...aws, "--attach", id, "--no-download");
    const down = await place.measured(...aws, "--attach", id, place.directory);
    const sparse = await sparseUpload(place);
    const size = /^Downloading .*?\((.*?)\)/m.exec(down.stdout)?.[1];
    return [
      `upload of ${SIZE} MiB in ${FILES} files: peak ${up.peak.toFixed(0)} MiB`,
      `download of ${size}: peak ${down.peak.toFixed(0)} MiB`,
      `upload of one sparse file of ${SPARSE_GIB} GiB: peak ${sparse.toFixed(0)} MiB`,
      `local AWS: peak grew by ${((await peakOf(pid)) - before).toFixed(0)} MiB from ${before.toFixed(0)} MiB`,
    ];
  } finally {
    await place.close();
  }
}

/**
 * The job is stopped before it unpacks all that, which no longer would be sparse.
 * @returns {Promise<number>} MiB
 */
async function sparseUpload(/** @type {Awaited<ReturnType<typeof openHome>>} */ place) {
  const directory = join(place.scratch, "sparse");
  await mkdir(directory);
  await writeFile(join(directory, "large.fasta"), "");
  await truncate(join(directory, "large.fasta"), SPARSE_GIB * 1024 * MIB);
  const aws = ["build", "--aws-batch", "--local-aws"];
  const { stdout, peak } = await place.measured(...aws, "--detach", "--exec", "true", directory);
  const id = /^AWS Batch Job ID: (\S+)$/m.exec(stdout)?.[1] ?? "";
  await place.tool(...aws, "--attach", id, "--cancel");
  return peak;
}

/** @returns {Promise<number>} MiB */
async function peakOf(/** @type {number} */ pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]) / 1024;
}

/** Repeats a block that is far longer than deflate's window, so that it compresses as little as its first copy. */
async function writeLarge(
  /** @type {string} */ file,
  /** @type {number} */ bytes,
  /** @type {boolean} */ likeFasta,
) {
  const block = randomBytes(4 * MIB);
  if (likeFasta) for (const [index, byte] of block.entries()) block[index] = "ACGT".charCodeAt(byte & 3);
  const handle = await open(file, "w");
  try {
    for (let left = bytes; left > 0; left -= block.length) {
      await handle.write(block, 0, Math.min(left, block.length));
    }
  } finally {
    await handle.close();
  }
}
