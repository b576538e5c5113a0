import { type Parameters, render } from "./rendered.ts";

const account = "arn:aws:iam::123456789012:policy";

/** Each choice that changes which resources there are, or what they have: the ways to make it. */
const choices: readonly (readonly Parameters[])[] = [
  [{ CreateBucket: "yes" }, { CreateBucket: "no" }],
  [{ Spot: "no" }, { Spot: "yes" }],
  [{ DiskKind: "ebs" }, { DiskKind: "nvme" }, { DiskKind: "nvme", ExtraDiskGib: "500" }],
  [{ EfsFileSystemId: "" }, { EfsFileSystemId: "fs-0123456789abcdef0" }],
  [{ CreateListingPolicy: "yes" }, { CreateListingPolicy: "no" }],
  [{ AllowTagging: "no" }, { AllowTagging: "yes" }],
  [{ ExistingJobRole: "" }, { ExistingJobRole: "LabJobs" }],
  [{ ExistingGroup: "" }, { ExistingGroup: "lab" }],
  [{ ExistingBatchPolicyArn: "" }, { ExistingBatchPolicyArn: `${account}/NextstrainJobsAccessToBatch` }],
  [{ ExistingBucketPolicyArn: "" }, { ExistingBucketPolicyArn: `${account}/NextstrainJobsAccessToBucket` }],
  [{ ExistingLogsPolicyArn: "" }, { ExistingLogsPolicyArn: `${account}/NextstrainJobsAccessToLogs` }],
];

/** Every combination of the choices. */
export function* everyCombination(): Generator<Parameters> {
  yield* combine(0, {});
}

function* combine(index: number, sofar: Parameters): Generator<Parameters> {
  const ways = choices[index];
  if (ways === undefined) yield sofar;
  else for (const way of ways) yield* combine(index + 1, { ...sofar, ...way });
}

/** Few combinations that have every resource and every output in each of the forms that it can take. */
export function everyForm(): readonly Parameters[] {
  const combinations = [...everyCombination()].map((parameters) => ({
    parameters,
    forms: formsOf(parameters),
  }));
  const missing = new Set(combinations.flatMap(({ forms }) => forms));
  const chosen: Parameters[] = [];
  while (missing.size > 0) {
    const gains = combinations.map(({ forms }) => forms.filter((form) => missing.has(form)).length);
    const best = combinations[gains.indexOf(Math.max(...gains))];
    if (best === undefined) break;
    chosen.push(best.parameters);
    for (const form of best.forms) missing.delete(form);
  }
  return chosen;
}

function formsOf(parameters: Parameters): readonly string[] {
  const { Resources, Outputs } = render(parameters);
  return [...Object.entries(Resources), ...Object.entries(Outputs)].map((form) => JSON.stringify(form));
}
