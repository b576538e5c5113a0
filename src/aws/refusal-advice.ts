import { isCuredByAllowing, type PolicyKind, type Refusal } from "./refusal.ts";

/** Of a refusal, what AWS may not have said. */
export interface RefusedRequest {
  /** The IAM action of the request. */
  readonly permission?: string | undefined;
  /** Who was refused; "your user, group or role" by default. */
  readonly holder?: string;
  /** What follows where another permission would cure it. */
  readonly allowing?: string;
}

const ACCOUNT = "the administrator of your AWS account";
const ORGANISATION =
  "the administrator of your organisation in AWS Organizations (the administrator of your account cannot change it)";

/** Whether a bucket's policy may have refused an upload because it demands other headers. */
export function mayDemandHeaders({ action, policy, effect }: Refusal, permission?: string): boolean {
  if ((action ?? permission) !== "s3:PutObject" || effect === "missing allow") return false;
  return policy === undefined || policy === "resource";
}

/** What to set for such a bucket, to follow other advice; "" where the refusal cannot be about that. */
export function encryptionAdvice(refusal: Refusal, permission?: string): string {
  return mayDemandHeaders(refusal, permission)
    ? " If the bucket demands encryption headers, set NEXTSTRAIN_AWS_BATCH_SSE to AES256 or aws:kms, and NEXTSTRAIN_AWS_BATCH_KMS_KEY_ID if it demands a key."
    : "";
}

/** Who can cure a refusal, and how: one or more sentences, for a hint. */
export function adviseOnRefusal(refusal: Refusal, request: RefusedRequest = {}): string {
  const action = refusal.action ?? request.permission;
  if (isCuredByAllowing(refusal)) {
    const permission = action === undefined ? "this permission" : `the permission ${action}`;
    return `Ask ${ACCOUNT} for ${permission}${request.allowing ?? "."}`;
  }
  const place = placeOf(refusal.policy, action, request.holder ?? "your user, group or role");
  const what = action ?? "this";
  if (refusal.effect === "explicit deny") {
    return `A policy denies ${what}, so a further permission does not help. Ask ${place.who} to change what denies it in ${place.where}.`;
  }
  if (refusal.effect === undefined) {
    return `Ask ${place.who} whether ${place.where} allows ${what}, and whether a statement of it denies that.`;
  }
  return `Ask ${place.who} to allow ${what} in ${place.where}: a permission elsewhere does not help.`;
}

interface Place {
  readonly who: string;
  readonly where: string;
}

function placeOf(policy: PolicyKind | undefined, action: string | undefined, holder: string): Place {
  switch (policy) {
    case "identity":
      return { who: ACCOUNT, where: `the policies of ${holder}` };
    case "boundary":
      return { who: ACCOUNT, where: `the permissions boundary of ${holder}` };
    case "session":
      return {
        who: "whoever issues these credentials (a login portal, or the program that assumes the role)",
        where: "the policy that the session was started with",
      };
    case "service control":
      return { who: ORGANISATION, where: "the organisation's service control policy" };
    case "resource control":
      return { who: ORGANISATION, where: "the organisation's resource control policy" };
    case "endpoint":
      return {
        who: "the administrator of the network that the request came from",
        where: "the policy of the VPC endpoint through which it reaches AWS",
      };
    case "trust":
      return { who: ACCOUNT, where: "the trust policy of the role to assume" };
    case "resource":
      return { who: ACCOUNT, where: resourcePolicy(action) };
    case undefined:
      return {
        who: ACCOUNT,
        where: "the policy that holds it: your own, the resource's or the organisation's",
      };
  }
}

/** What the policy of a resource is called where people look for it. */
function resourcePolicy(action: string | undefined): string {
  switch (action?.split(":")[0]) {
    case "s3":
      return "the bucket's policy";
    case "kms":
      return "the policy of the encryption key";
    case "sts":
      return "the trust policy of the role to assume";
    default:
      return "the resource's own policy";
  }
}
