import { openAws } from "../../aws/clients.ts";
import { ensureLocalAws } from "../../aws/local-aws.ts";
import { withoutAwsSettings } from "../../aws/local-aws-environment.ts";
import { openFacts } from "../../checks/facts.ts";
import type { Finding } from "../../checks/finding.ts";
import { examineSetup } from "../../checks/setup/table.ts";
import type { Context } from "../../cli/context.ts";
import { setupNames } from "./bucket.ts";
import type { SetupOptions } from "./options.ts";

const NOT_RUN: Finding = {
  id: "canary",
  mark: "unknown",
  says: "No small job was run, since builds can't work as things are.",
  mend: "Mend what is wrong above, and run the check again.",
};

/** Goes through all that AWS must have for builds, and with `runJob` tries it by a small job where nothing is wrong. Throws UsageError for a bucket's name that can be none. */
export async function checkAwsBatch(
  given: Context,
  options: SetupOptions & { readonly runJob?: boolean },
): Promise<readonly Finding[]> {
  const names = setupNames(options);
  const context = options.localAws ? { ...given, env: withoutAwsSettings(given.env) } : given;
  const local = options.localAws ? await ensureLocalAws(context) : undefined;
  using aws = await openAws(context, local, options);
  const findings = [...(await examineSetup(openFacts(aws, names, context.signal, options)))];
  if (!options.runJob) return findings;
  if (findings.some(({ mark }) => mark === "wrong")) return [...findings, NOT_RUN];
  const { runCanary } = await import("./canary/canary.ts");
  context.io.err("Running a small job: that takes some minutes where AWS must start a computer for it.");
  for await (const finding of runCanary(context, aws, options)) findings.push(finding);
  return findings;
}
