import type { BatchClient } from "@aws-sdk/client-batch";
import { describe, expect, test } from "vitest";
import { UserError } from "../errors.ts";
import { MaybeSubmittedError, submitJob } from "./submit-job.ts";

const request = { jobName: "run-1", jobQueue: "queue", jobDefinition: "definition" };

const failure = (name: string, fields: object) => Object.assign(new Error(`${name} said`), { name }, fields);
const answer = (name: string, status: number) =>
  failure(name, { $fault: status < 500 ? "client" : "server", $metadata: { httpStatusCode: status } });
const cut = () => failure("Error", { code: "ECONNRESET" });
const broken = () => answer("ServerException", 500);
const throttled = () => answer("TooManyRequestsException", 429);
const denied = () => answer("AccessDeniedException", 403);

/** What Batch does with each request in turn: makes a job or not, and answers or fails. The last one goes for all further ones. */
interface Script {
  readonly submit: readonly { readonly makes: boolean; readonly fails?: Error }[];
  /** What ListJobs fails with. */
  readonly list?: Error;
  /** Looks that don't show a new job yet. */
  readonly unseen?: number;
  readonly abortAfterSubmit?: AbortController;
}

async function submit(script: Script) {
  const jobs: string[] = [];
  const pauses: number[] = [];
  let [submissions, looks] = [0, 0];
  const batchOnce = {
    send: async () => {
      const step = script.submit[submissions] ?? script.submit.at(-1);
      submissions += 1;
      script.abortAfterSubmit?.abort(new Error("stopped"));
      if (step?.makes) jobs.push(`job-${submissions}`);
      if (step?.fails) throw step.fails;
      return { jobId: jobs.at(-1) };
    },
  };
  const batch = {
    send: async ({ input }: { input: { jobQueue: string; filters: unknown } }) => {
      looks += 1;
      expect(input).toEqual({ jobQueue: "queue", filters: [{ name: "JOB_NAME", values: ["run-1"] }] });
      if (script.list) throw script.list;
      const shown = looks > (script.unseen ?? 0) ? jobs : [];
      const others = [{ jobId: "other", jobName: "RUN-1" }];
      return { jobSummaryList: [...others, ...shown.map((jobId) => ({ jobId, jobName: "run-1" }))] };
    },
  };
  const result = await submitJob(
    { batch: batch as unknown as BatchClient, batchOnce: batchOnce as unknown as BatchClient },
    request,
    {
      signal: script.abortAfterSubmit?.signal ?? new AbortController().signal,
      sleep: async (time) => void pauses.push(time),
    },
  ).catch((error: unknown) => error);
  return { result, jobs, submissions, looks, pauses };
}

describe("submitting a job", () => {
  test("that is answered takes one request", async () => {
    const { result, submissions, looks } = await submit({ submit: [{ makes: true }] });
    expect([result, submissions, looks]).toEqual(["job-1", 1, 0]);
  });

  test("that was certainly not carried out is done again without a look", async () => {
    const { result, looks } = await submit({
      submit: [{ makes: false, fails: throttled() }, { makes: true }],
    });
    expect([result, looks]).toEqual(["job-2", 0]);
  });

  test.each([
    ["a cut connection", cut()],
    ["a server's fault", broken()],
  ])("after %s that made a job takes that one, also where the list is late", async (_, fails) => {
    const { result, jobs, submissions } = await submit({ submit: [{ makes: true, fails }], unseen: 1 });
    expect([result, jobs, submissions]).toEqual(["job-1", ["job-1"], 1]);
  });

  test.each([
    ["a cut connection", cut(), 15_000],
    ["a server's fault", broken(), 4_000],
  ])("after %s that made none is done again, having looked for %s ms", async (_, fails, waited) => {
    const { result, jobs, pauses } = await submit({ submit: [{ makes: false, fails }, { makes: true }] });
    expect([result, jobs]).toEqual(["job-2", ["job-2"]]);
    expect(pauses.reduce((sum, time) => sum + time)).toBe(waited);
  });

  test("where the list may not be seen is not done twice, and the permission is named", async () => {
    const { result, submissions } = await submit({
      submit: [{ makes: false, fails: cut() }],
      list: denied(),
    });
    expect(submissions).toBe(1);
    expect(result).toBeInstanceOf(MaybeSubmittedError);
    expect((result as UserError).hint).toMatch(/run-1 in the queue queue.*batch:ListJobs/);
  });

  test("where the list can't be seen is not done twice", async () => {
    const { result, submissions } = await submit({ submit: [{ makes: true, fails: cut() }], list: cut() });
    expect(submissions).toBe(1);
    expect(result).toBeInstanceOf(MaybeSubmittedError);
    expect((result as UserError).hint).not.toMatch(/permission/);
  });

  test("ends where it never succeeds; there surely is no job then", async () => {
    const { result, submissions, jobs } = await submit({ submit: [{ makes: false, fails: broken() }] });
    expect([submissions, jobs]).toEqual([5, []]);
    expect(result).toBeInstanceOf(UserError);
    expect(result).not.toBeInstanceOf(MaybeSubmittedError);
  });

  test("that is refused ends at once", async () => {
    const { result, submissions } = await submit({ submit: [{ makes: false, fails: denied() }] });
    expect(submissions).toBe(1);
    expect((result as UserError).message).toMatch(/does not allow you to submit the job/);
  });

  test("is not done again once it is to be stopped, but the job that it made is known", async () => {
    const made = await submit({
      submit: [{ makes: true, fails: cut() }],
      abortAfterSubmit: new AbortController(),
    });
    expect(made.result).toBe("job-1");
    const none = await submit({
      submit: [{ makes: false, fails: cut() }],
      abortAfterSubmit: new AbortController(),
    });
    expect(none).toMatchObject({ submissions: 1, result: new Error("stopped") });
  });
});
