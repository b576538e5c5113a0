import type { Facts } from "../facts.ts";
import type { Finding } from "../finding.ts";
import { definitionSubject } from "./definition.ts";
import { environmentsSubject } from "./environments.ts";
import { queueSubject } from "./queue.ts";
import { sizeSubject } from "./size.ts";
import type { Purpose, Subject } from "./subject.ts";

/** All that a set-up consists of, in the order in which it is told. */
export const allSubjects: readonly Subject[] = [
  queueSubject,
  environmentsSubject,
  definitionSubject,
  sizeSubject,
];

/** What preflight looks at before anything is sent: a request each. */
export const beforeUpload: readonly Subject[] = [queueSubject, definitionSubject];

/** What preflight looks at beside the upload. */
export const besideUpload: readonly Subject[] = [environmentsSubject, sizeSubject];

/** Looks at everything at once; the findings come in the subjects' order. Throws nothing but the signal's reason. */
export async function examine(
  subjects: readonly Subject[],
  facts: Facts,
  purpose: Purpose,
): Promise<Finding[]> {
  const findings = await Promise.all(subjects.map((one) => one.examine(facts, purpose)));
  return findings.flat();
}
