import { expect, test } from "vitest";
import { noteOutage } from "./outage.ts";

const offline = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
const refused = Object.assign(new Error("no"), { name: "InvalidGrantException", $metadata: {} });

function watched() {
  let time = 0;
  const outage = noteOutage(() => time);
  return {
    ...outage,
    wait: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

test("what could not be reached is known until it may be asked again", () => {
  const { logger, failure, wait } = watched();
  expect(failure()).toBeUndefined();
  logger.error({ error: offline });
  wait(30_000);
  expect(failure()).toBe(offline);
  wait(1);
  expect(failure()).toBeUndefined();
});

test("an answer ends it, and a refusal as well", () => {
  const { logger, failure } = watched();
  logger.error({ error: offline });
  logger.info();
  expect(failure()).toBeUndefined();
  logger.error({ error: offline });
  logger.error({ error: refused });
  expect(failure()).toBeUndefined();
});
