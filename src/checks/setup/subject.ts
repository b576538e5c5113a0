import { isCuredByAllowing, quoteRefusal, UNEXPLAINED } from "../../aws/refusal.ts";
import { adviseOnRefusal } from "../../aws/refusal-advice.ts";
import type { UserError } from "../../errors.ts";
import type { Facts } from "../facts.ts";
import type { Finding } from "../finding.ts";
import type { Denied, Seen } from "../seen.ts";

/** Who asks: the doctor wants to know everything, preflight only what would make the build at hand fail. */
export type Purpose = "doctor" | "preflight";

/** What a check says, without its id. */
export type Outcome = Omit<Finding, "id">;

/** One thing that must hold of something that was seen. */
export interface Check<T> {
  readonly id: string;
  /** Serves preflight, too. */
  readonly preflight?: true;
  /** Undefined where there is nothing to say. */
  readonly find: (value: T, facts: Facts) => Outcome | undefined;
}

/** Something that a set-up consists of, and all that must hold of it. */
export interface SubjectOf<T> {
  readonly id: string;
  /** `the job queue "x"` */
  readonly called: (facts: Facts) => string;
  /** Undefined where there is nothing to say: another subject tells why. */
  readonly see: (facts: Facts) => Promise<Seen<T> | undefined>;
  readonly absent?: (facts: Facts) => Outcome;
  /** Where it may not be looked at, and there is more to say than that. */
  readonly denied?: (denied: Denied, facts: Facts) => Promise<Outcome>;
  /** Where AWS could not be asked; by default that is told as it is. */
  readonly failed?: (error: UserError, facts: Facts) => Outcome;
  /** Builds fail where it may not be looked at. */
  readonly needed?: true;
  readonly checks: readonly Check<T>[];
}

/** A subject, whatever it is about. */
export interface Subject {
  readonly id: string;
  readonly examine: (facts: Facts, purpose: Purpose) => Promise<Finding[]>;
}

/** Makes a subject of the table. */
export function subject<T>(of: SubjectOf<T>): Subject {
  const isAsked = (check: Pick<Check<T>, "preflight">, purpose: Purpose) =>
    purpose === "doctor" || check.preflight === true;
  return {
    id: of.id,
    async examine(facts, purpose) {
      const checks = of.checks.filter((check) => isAsked(check, purpose));
      if (checks.length === 0) return [];
      const seen = await of.see(facts);
      if (seen === undefined) return [];
      if (seen.kind !== "seen") {
        const outcome = await outcomeOfUnseen(of, seen, facts);
        return outcome === undefined ? [] : [{ id: of.id, ...outcome }];
      }
      return checks.flatMap(({ id, find }) => {
        const outcome = find(seen.value, facts);
        return outcome === undefined ? [] : [{ id, ...outcome }];
      });
    },
  };
}

async function outcomeOfUnseen<T>(
  of: SubjectOf<T>,
  seen: Exclude<Seen<T>, { readonly kind: "seen" }>,
  facts: Facts,
): Promise<Outcome | undefined> {
  const called = of.called(facts);
  switch (seen.kind) {
    case "absent":
      return of.absent?.(facts);
    case "denied":
      if (of.denied !== undefined) return of.denied(seen, facts);
      return of.needed
        ? {
            mark: "wrong",
            says: `You may not look at ${called}, as every build does: it takes the permission ${seen.permission}.${quoteOf(seen)}`,
            mend: adviseOn(seen, "To get it, "),
          }
        : {
            mark: "unknown",
            says: `You may not look at ${called}: it takes the permission ${seen.permission}. Builds work without it.${quoteOf(seen)}`,
            mend: adviseOn(seen, "To have this checked, too: "),
          };
    case "failed":
      return (
        of.failed?.(seen.error, facts) ?? {
          mark: "unknown",
          says: seen.reason,
          mend: seen.error.hint ?? "Try again.",
        }
      );
  }
}

/** What is known of a request that AWS refused. */
export type RefusedLook = Pick<Denied, "permission" | "refusal">;

/** AWS's sentence, to follow one of ours; "" where it said none. */
export function quoteOf({ refusal = UNEXPLAINED }: Pick<Denied, "refusal">): string {
  return quoteRefusal(refusal);
}

/** The next step of those whom AWS refuses something; `before` is put in front where that is to ask for a permission. */
export function adviseOn({ permission, refusal = UNEXPLAINED }: RefusedLook, before: string): string {
  return isCuredByAllowing(refusal)
    ? `${before}ask the administrator of your AWS account to allow you ${permission}.`
    : adviseOnRefusal(refusal, { permission });
}
