// Protects that only jobs which were cut short are gone on with: never one that failed by itself, or that somebody stopped.
import { expect, test } from "vitest";
import type { Job } from "../../aws/batch.ts";
import { attemptsOf, cutShort } from "./retries.ts";

const EXITED = "Essential container in task exited";

test.each<[string, Partial<Job>, ReturnType<typeof cutShort>]>([
  ["lost", { statusReason: "Host EC2 (instance i-1) terminated." }, "the job's computer was taken away"],
  ["Fargate", { statusReason: "Your Spot Task was interrupted." }, "the job's computer was taken away"],
  ["notice", { exitCode: 143, statusReason: EXITED }, "the job's computer was taken away"],
  [
    "memory",
    { exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" },
    "the job was killed for memory",
  ],
  ["time", { statusReason: "Job attempt duration exceeded timeout" }, "the job's time was up"],
  ["cancelled", { exitCode: 143, statusReason: "Cancelled by the user.", wasStopped: true }, undefined],
  ["killed", { exitCode: 137, statusReason: EXITED }, undefined],
  ["a rule failed", { exitCode: 1, statusReason: EXITED }, undefined],
  ["well", { status: "SUCCEEDED", exitCode: 0, statusReason: EXITED }, undefined],
])("%s", (_, job, why) => {
  expect(cutShort({ status: "FAILED", ...job } as Job)).toBe(why);
});

test("a job has made as many attempts as have ended, and one at least", () => {
  expect(attemptsOf({ attempts: [] } as unknown as Job)).toBe(1);
  expect(attemptsOf({ attempts: [{}, {}] } as unknown as Job)).toBe(2);
});
