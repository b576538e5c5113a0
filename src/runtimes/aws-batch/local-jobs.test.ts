import { expect, test } from "vitest";
import { testContext } from "../../../test/support/context.ts";
import type { Aws } from "../../aws/clients.ts";
import type { HowJobRuns } from "../../aws/local-aws-control.ts";
import { tellHowJobsRun } from "./local-jobs.ts";

async function tell(how: HowJobRuns | undefined) {
  const context = testContext();
  const local = { howJobsRun: async () => how } as unknown as Aws["local"];
  return { by: await tellHowJobsRun(context, { local } as Aws, "image"), said: context.output.out };
}

const processes = { by: "processes", detail: "as asked for", isApart: true, isNews: true } as const;

test("jobs that run as processes are said to, once", async () => {
  const said = ["Local AWS runs this job without its image, as processes of this computer: as asked for"];
  expect(await tell(processes)).toEqual({ by: "processes", said });
  expect(await tell({ ...processes, isNews: false })).toEqual({ by: "processes", said: [] });
});

test("where nothing keeps them from their user's files, that is said, too", async () => {
  const { said } = await tell({ ...processes, isApart: false });
  expect(said[1]).toMatch(/can read your files/);
  expect((await tell({ ...processes, isApart: false, isNews: false })).said).toEqual([]);
});

test("of an account, nothing is", async () => {
  expect(await tell(undefined)).toEqual({ by: undefined, said: [] });
});
