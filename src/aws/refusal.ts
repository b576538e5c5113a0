import { withoutControls } from "../cli/control-characters.ts";

/** The kinds of policy that can refuse a request ("Troubleshoot access denied error messages" in the IAM user guide). */
export type PolicyKind =
  | "identity"
  | "resource"
  | "trust"
  | "boundary"
  | "session"
  | "service control"
  | "resource control"
  | "endpoint";

/** Why AWS refused a request, as far as it says so. */
export interface Refusal {
  /** AWS's own sentence; undefined where it gave none, as in an answer to HEAD. */
  readonly sentence: string | undefined;
  /** Name of resource of the user or role. */
  readonly who: string | undefined;
  /** The IAM action: `batch:SubmitJob`. It may be another one than the request's: that for the bucket's key, say. */
  readonly action: string | undefined;
  /** Name of resource. */
  readonly resource: string | undefined;
  /** Whether a policy denies it, which no further permission can change, or nothing allows it; undefined where AWS does not say. */
  readonly effect: "explicit deny" | "missing allow" | undefined;
  readonly policy: PolicyKind | undefined;
}

const KINDS: readonly (readonly [RegExp, PolicyKind])[] = [
  [/^identity-based polic/i, "identity"],
  [/^resource-based polic/i, "resource"],
  [/^(?:role )?trust polic/i, "trust"],
  [/^permissions? boundar/i, "boundary"],
  [/^session polic/i, "session"],
  [/^service control polic/i, "service control"],
  [/^resource control polic/i, "resource control"],
  [/^VPC endpoint polic/i, "endpoint"],
];

/** Characters of AWS's sentence that are shown at most. */
const LONGEST = 700;

/** A refusal that says nothing: what S3 answers to HEAD. */
export const UNEXPLAINED: Refusal = {
  sentence: undefined,
  who: undefined,
  action: undefined,
  resource: undefined,
  effect: undefined,
  policy: undefined,
};

/**
 * Takes AWS's sentence apart: "User: ARN is not authorized to perform: ACTION on resource: ARN because no identity-based policy
 * allows the ACTION action", or "… with an explicit deny in a service control policy". S3 often says only "Access Denied". The
 * text may be a line of a log, or a reason that CloudFormation gives, with the sentence in it.
 */
export function readRefusal(text: string): Refusal {
  const said = sentenceIn(text);
  // An answer to HEAD has no sentence: this is the `aws` program's word for the status.
  const sentence = said === "Forbidden" ? "" : said;
  const [, quoted, bare] = / on (?:this )?resource: (?:"([^"]*)"|(\S+))/.exec(sentence) ?? [];
  return {
    sentence: sentence === "" ? undefined : shortened(sentence),
    who: /User: (\S+) is not authorized/.exec(sentence)?.[1],
    action: /is not authorized to perform: ([a-z0-9-]+:\w+)/i.exec(sentence)?.[1],
    resource: quoted ?? bare,
    ...causeIn(sentence),
  };
}

function shortened(sentence: string): string {
  return sentence.length > LONGEST ? `${sentence.slice(0, LONGEST - 1)}…` : sentence;
}

function causeIn(sentence: string): Pick<Refusal, "effect" | "policy"> {
  const denied = /\bexplicit(?:ly)? den(?:y|ied)(?: in (?:an? |the )?(.*))?/i.exec(sentence);
  if (denied) return { effect: "explicit deny", policy: kindOf(denied[1]) };
  // KMS: "…, no resource-based policies allow access, or a resource-based policy explicitly denies access".
  if (/explicitly denies/i.test(sentence)) return { effect: undefined, policy: "resource" };
  const missing = /\bbecause no (.*?) allows?\b/i.exec(sentence);
  if (missing) return { effect: "missing allow", policy: kindOf(missing[1]) };
  return { effect: undefined, policy: undefined };
}

function kindOf(words: string | undefined): PolicyKind | undefined {
  return KINDS.find(([pattern]) => pattern.test(words ?? ""))?.[1];
}

/** What is for people: without what stands before it in a log, and what only machines read after it. */
function sentenceIn(text: string): string {
  const line = withoutControls(text, { keepColours: false }).replace(/\s+/g, " ").trim();
  const begin = line.search(/User: \S+ is not authorized/);
  return (
    line
      .slice(Math.max(begin, 0))
      // The `aws` program's words, in the log of a job.
      .replace(/^.*An error occurred \(\w+\) when calling the \w+ operation(?: \([^)]*\))?: /, "")
      // EC2's details, which only `aws sts decode-authorization-message` can read; the numbers of CloudFormation's requests.
      .replace(/[.;,]? *Encoded authorization failure message:.*/i, "")
      .replace(/ *\(Service: .*/, "")
      .replace(/[.\s]+$/, "")
  );
}

/** ` AWS says: “…”.`, to follow a sentence; "" where it said nothing. */
export function quoteRefusal({ sentence }: Refusal): string {
  return sentence === undefined ? "" : ` AWS says: “${sentence}”.`;
}

/** Whether another permission for the user or role would cure it, as far as is known. */
export function isCuredByAllowing({ effect, policy }: Refusal): boolean {
  return effect !== "explicit deny" && (policy === undefined || policy === "identity");
}
