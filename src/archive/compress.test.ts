import { inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { compressBlock, WINDOW_SIZE } from "./compress.ts";
import { noise, sequence } from "./testing.ts";

test.each([0, 1, 0xffff, 0x10000, 200_000])(
  "blocks of %i bytes, stored and deflated by turns, make one stream",
  async (size) => {
    const levels = [6, 0, 0, 6, 0];
    const blocks = levels.map((_, index) => (index % 2 === 0 ? sequence(size, index) : noise(size, index)));
    const made: Buffer[] = [];
    for (const [index, block] of blocks.entries()) {
      const place = {
        previous: blocks[index - 1]?.subarray(-WINDOW_SIZE),
        last: index === blocks.length - 1,
      };
      made.push(await compressBlock(block, { level: levels[index] ?? 0, strategy: 0 }, place));
    }
    const stream = Buffer.concat(made);
    // The end of the stream is the end of the bytes.
    const { buffer, engine } = inflateRawSync(stream, { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    expect(buffer.equals(Buffer.concat(blocks))).toBe(true);
    expect(engine.bytesWritten).toBe(stream.length);
  },
);
