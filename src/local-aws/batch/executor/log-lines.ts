import type { LogEvent } from "../log-sink.ts";

/** Longest message of an event in bytes: CloudWatch's 256 KiB less the 26 bytes that each event counts for. */
const maxMessageBytes = 262_144 - 26;
/** Output is not read faster than this much of it, in bytes, can be handed on. */
const maxPendingBytes = 4 * 1024 * 1024;

/**
 * Turns what a container writes into log events as the awslogs driver does: one for each line that is not empty, longer
 * lines in pieces. Hands them on as they come, those that come meanwhile together. Lines of several outputs stay whole, in
 * the order in which they end. Resolves when all have been taken; fails only where an output does: events that `append`
 * refuses are lost.
 */
export async function forwardLines(
  outputs: readonly AsyncIterable<Uint8Array>[],
  options: { now(): number; append(events: readonly LogEvent[]): Promise<void> },
): Promise<void> {
  let pending: LogEvent[] = [];
  let pendingBytes = 0;
  let handingOn: Promise<void> | undefined;
  let lastTime = 0;

  async function handOn(): Promise<void> {
    while (pending.length > 0) {
      const events = pending;
      pending = [];
      pendingBytes = 0;
      await options.append(events).catch(() => undefined);
    }
    handingOn = undefined;
  }
  function emit(line: Uint8Array): void {
    lastTime = Math.max(lastTime, options.now());
    for (let start = 0; start < line.length; ) {
      const end = pieceEnd(line, start);
      pending.push({ timestamp: lastTime, message: decode(line.subarray(start, end)) });
      pendingBytes += end - start;
      start = end;
    }
  }
  async function read(output: AsyncIterable<Uint8Array>): Promise<void> {
    let rest: Uint8Array[] = [];
    let restBytes = 0;
    function endLine(): void {
      emit(rest.length === 1 && rest[0] ? rest[0] : Buffer.concat(rest));
      rest = [];
      restBytes = 0;
    }
    function keep(bytes: Uint8Array): void {
      rest.push(bytes);
      restBytes += bytes.length;
    }

    for await (const chunk of output) {
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        keep(chunk.subarray(start, end));
        endLine();
        start = end + 1;
      }
      if (start < chunk.length) keep(chunk.subarray(start));
      if (restBytes >= maxMessageBytes) {
        // A line without end must not pile up in memory.
        const whole = Buffer.concat(rest);
        const end = pieceEnd(whole, 0);
        rest = [whole.subarray(end)];
        restBytes = whole.length - end;
        emit(whole.subarray(0, end));
      }
      if (pending.length > 0) handingOn ??= handOn();
      if (pendingBytes > maxPendingBytes) await handingOn;
    }
    if (restBytes > 0) endLine();
  }

  await Promise.all(outputs.map(read));
  if (pending.length > 0) handingOn ??= handOn();
  await handingOn;
}

/** Where the piece that begins at `start` ends: not within a character of UTF-8. */
function pieceEnd(line: Uint8Array, start: number): number {
  const limit = start + maxMessageBytes;
  if (line.length <= limit) return line.length;
  for (let end = limit; end > limit - 4; end--) {
    if (((line[end] ?? 0) & 0xc0) !== 0x80) return end;
  }
  return limit;
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
