// A link to put between a client and a server: TCP passed on at a rate, after a delay. Runs as a process of its own, so
// that it doesn't take the client's time.
import { fork } from "node:child_process";
import { connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";

/** Bytes under way in one direction of a connection before its sender is made to wait, beyond what the delay holds. */
const ROOM = 256 * 1024;

/**
 * @typedef {object} Link
 * @property {number} port of the near end, on 127.0.0.1
 * @property {() => Promise<{ up: number, down: number }>} bytes that have been passed on
 * @property {() => void} cut everything: from now on nothing is passed on, and nothing closed
 * @property {() => void} stop
 */

/**
 * @param {{ port: number, mbitPerSecond?: number, roundTripMs?: number }} options `port` of the far end; without a rate
 *   there is no limit
 * @returns {Promise<Link>}
 */
export async function startLink(options) {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)]);
  /** @type {(kind: string) => Promise<any>} */
  const answer = (kind) =>
    new Promise((resolve) => {
      const listen = (/** @type {any} */ message) => {
        if (message.kind !== kind) return;
        child.off("message", listen);
        resolve(message);
      };
      child.on("message", listen);
    });
  const { port } = await answer("listening");
  return {
    port,
    bytes() {
      const answered = answer("bytes");
      child.send("bytes");
      return answered;
    },
    cut: () => void child.send("cut"),
    stop: () => void child.kill(),
  };
}

/** @param {{ port: number, mbitPerSecond?: number, roundTripMs?: number }} options */
function serve({ port, mbitPerSecond, roundTripMs = 0 }) {
  const perMs = mbitPerSecond === undefined ? Number.POSITIVE_INFINITY : (mbitPerSecond * 1e6) / 8 / 1000;
  const delay = roundTripMs / 2;
  const room = ROOM + (Number.isFinite(perMs) ? perMs * delay : 0);
  const passed = { up: 0, down: 0 };
  let isCut = false;

  /** All connections share the link's rate in each direction. */
  /** @param {"up" | "down"} name */
  function direction(name) {
    let free = 0;
    /** @param {import("node:net").Socket} from @param {import("node:net").Socket} to */
    return (from, to) => {
      /** @type {{ data: Buffer | undefined, at: number }[]} */
      const queue = [];
      let held = 0;
      let scheduled = false;
      const deliver = () => {
        scheduled = false;
        const now = performance.now();
        for (let next = queue[0]; next !== undefined && next.at <= now + 0.5; next = queue[0]) {
          queue.shift();
          if (isCut) continue;
          if (next.data === undefined) to.end();
          else {
            held -= next.data.length;
            passed[name] += next.data.length;
            to.write(next.data);
          }
        }
        if (held < room && to.writableLength < ROOM) from.resume();
        schedule();
      };
      const schedule = () => {
        const next = queue[0];
        if (scheduled || next === undefined) return;
        scheduled = true;
        setTimeout(deliver, Math.max(0, next.at - performance.now()));
      };
      from.on("data", (data) => {
        if (mbitPerSecond === undefined && delay === 0) {
          passed[name] += data.length;
          if (!isCut && !to.write(data)) from.pause();
          return;
        }
        free = Math.max(free, performance.now()) + data.length / perMs;
        queue.push({ data, at: free + delay });
        held += data.length;
        if (held >= room) from.pause();
        schedule();
      });
      from.on("end", () => {
        queue.push({ data: undefined, at: Math.max(free, performance.now()) + delay });
        schedule();
      });
      to.on("drain", () => from.resume());
      from.on("error", () => to.destroy());
    };
  }
  const up = direction("up");
  const down = direction("down");
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    up(near, far);
    down(far, near);
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    process.send?.({ kind: "listening", port: typeof address === "object" ? address?.port : undefined });
  });
  process.on("message", (message) => {
    if (message === "bytes") process.send?.({ kind: "bytes", ...passed });
    if (message === "cut") isCut = true;
  });
  process.on("disconnect", () => process.exit());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve(JSON.parse(process.argv[2] ?? "{}"));
