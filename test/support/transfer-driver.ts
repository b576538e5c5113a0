// Run by transfer-kills.test.ts as a process of its own, to be killed in the middle of what it is told to do.
import { openAws } from "../../src/aws/clients.ts";
import type { LocalAws } from "../../src/aws/local-aws.ts";
import type { RunId } from "../../src/runs/types.ts";
import { testContext } from "./context.ts";
import { fetchResults, ship } from "./transfer-place.ts";

export interface TransferTask {
  readonly local: LocalAws;
  readonly home: string;
  readonly directory: string;
  /** Brings this run's results back; undefined: uploads the directory. */
  readonly runId: RunId | undefined;
  readonly exclude: readonly string[];
}

process.on("message", async ({ local, home, directory, runId, exclude }: TransferTask) => {
  using aws = await openAws(testContext({ home }), local);
  process.send?.("begun");
  const place = { aws, home, directory };
  await (runId === undefined ? ship(place, exclude) : fetchResults(place, runId));
  process.send?.("done");
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
