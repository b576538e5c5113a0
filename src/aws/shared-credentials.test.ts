import { expect, test } from "vitest";
import { shareCredentials } from "./shared-credentials.ts";

const NOW = Date.UTC(2026, 0, 15, 12);

function shared(...ends: (number | undefined | Error)[]) {
  const clock = { now: NOW };
  let reads = 0;
  const provide = shareCredentials(
    async () => {
      const end = ends[reads++];
      if (end instanceof Error) throw end;
      const keys = { accessKeyId: `AKIA${reads}`, secretAccessKey: "secret" };
      return end === undefined ? keys : { ...keys, expiration: new Date(NOW + end) };
    },
    () => clock.now,
  );
  const get = async (options?: object) => (await provide(options)).accessKeyId;
  return { clock, get };
}
const HOUR = 3_600_000;

test("they are read once for all who ask at the same time, and later", async () => {
  const { get } = shared(undefined, undefined);
  expect(await Promise.all([get(), get(), get()])).toEqual(["AKIA1", "AKIA1", "AKIA1"]);
  expect(await get()).toBe("AKIA1");
});

test("they are read again before they end, and where AWS no longer takes them", async () => {
  const { clock, get } = shared(HOUR, 2 * HOUR, 2 * HOUR);
  expect(await get()).toBe("AKIA1");
  clock.now += HOUR - 60_000;
  expect(await get()).toBe("AKIA2");
  expect(await Promise.all([get({ forceRefresh: true }), get({ forceRefresh: true })])).toEqual([
    "AKIA3",
    "AKIA3",
  ]);
});

test("where they can't be renewed, they are used to their end", async () => {
  const failure = new Error("no network");
  const { clock, get } = shared(HOUR, failure, failure, failure);
  await get();
  clock.now += HOUR - 60_000;
  expect(await get()).toBe("AKIA1");
  await expect(get({ forceRefresh: true })).rejects.toBe(failure);
  clock.now += 60_001;
  await expect(get()).rejects.toBe(failure);
});
