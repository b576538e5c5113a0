import type { Facts } from "../facts.ts";
import type { Finding } from "../finding.ts";
import { bucketSubjects } from "./bucket.ts";
import { credentialsSubject } from "./credentials.ts";
import { definitionSubject } from "./definition.ts";
import { environmentsSubject } from "./environments.ts";
import { logGroupSubject } from "./log-group.ts";
import { permissionsSubject } from "./permissions.ts";
import { queueSubject } from "./queue.ts";
import { roleSubjects } from "./role.ts";
import { sizeSubject } from "./size.ts";
import type { Purpose, Subject } from "./subject.ts";
import { uploadHeadersSubject } from "./upload-headers.ts";

/** All that a set-up consists of, in the order in which it is told. */
const everything: readonly Subject[] = [
  ...bucketSubjects,
  queueSubject,
  environmentsSubject,
  definitionSubject,
  sizeSubject,
  ...roleSubjects,
  logGroupSubject,
  uploadHeadersSubject,
  permissionsSubject,
];

/** What preflight looks at before anything is sent: a request each. */
export const beforeUpload: readonly Subject[] = [queueSubject, definitionSubject];

/** What preflight looks at beside the upload. */
export const besideUpload: readonly Subject[] = [environmentsSubject, sizeSubject];

/** Looks at subjects, all at once; the findings come in their order. Throws nothing but the signal's reason. */
export async function examine(
  subjects: readonly Subject[],
  facts: Facts,
  purpose: Purpose,
): Promise<Finding[]> {
  const findings = await Promise.all(subjects.map((one) => one.examine(facts, purpose)));
  return findings.flat();
}

/** The doctor's round: who the user is, and unless AWS takes them for nobody, everything. */
export async function examineSetup(facts: Facts): Promise<readonly Finding[]> {
  const who = await credentialsSubject.examine(facts, "doctor");
  if (who.some(({ mark }) => mark === "wrong")) return who;
  const rest = await examine(everything, facts, "doctor");
  // What two looks have found alike is said once.
  const said = new Set<string>();
  return [...who, ...rest].filter(({ says }) => !said.has(says) && said.add(says));
}
