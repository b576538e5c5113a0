import type { Job } from "../../../aws/batch.ts";
import type { Aws } from "../../../aws/clients.ts";
import type { Context } from "../../../cli/context.ts";
import { UserError } from "../../../errors.ts";
import type { PeakUse } from "../../../runs/types.ts";
import type { BuildRoot } from "../../../workflow/build-root.ts";
import type { PathMatcher } from "../../../workflow/patterns.ts";
import { bringBack } from "../bring-back.ts";
import { findLeft, lastModified } from "../checkpoint.ts";
import { describeCheckpoint } from "../kept-work.ts";
import { beside, jobOf, type Member } from "./members.ts";
import { type Clash, createOwners } from "./owners.ts";

export interface HomeOptions {
  readonly place: BuildRoot;
  /** Which of the results to bring; undefined: all. */
  readonly wanted: PathMatcher | undefined;
}

/** What has come of all jobs. */
export interface BroughtHome {
  /** Uncompressed. */
  readonly bytes: number;
  /** Of one job at most; undefined where none told. */
  readonly peakUse: PeakUse | undefined;
  readonly clashes: readonly Clash[];
  /** Those whose results could not be brought. */
  readonly failures: readonly Member[];
}

/** Brings the results of the jobs of a fan-out home, one after the other, while others run. */
export interface Home {
  /** Of a job that has ended. */
  add(member: Member): void;
  /** Resolves once all have had their turn. */
  done(): Promise<BroughtHome>;
}

/** For results that stay on AWS. */
export function stayAway(): Home {
  const nothing = { bytes: 0, peakUse: undefined, clashes: [], failures: [] };
  return { add: () => {}, done: async () => nothing };
}

export function bringMembersHome(context: Context, aws: Aws, { place, wanted }: HomeOptions): Home {
  const { io, signal } = context;
  const owners = createOwners(wanted);
  const failures: Member[] = [];
  let bytes = 0;
  let peakUse: PeakUse | undefined;

  const bring = async (member: Member) => {
    const job = jobOf(member);
    // Of one that Batch has forgotten, only the bucket tells.
    if (member.never || (job !== undefined && job.startedAt === undefined)) return;
    const ours = { ...context, io: beside(io, member) };
    try {
      member.results = "downloading results";
      const { workdir, part } = member.run;
      const { killed, checkpoint } = await findLeft(aws, job, part ?? workdir, signal);
      if (checkpoint === undefined && part && (await hasLeftNothing(aws, job, part, signal))) {
        member.results = "no results";
        return;
      }
      const brought = await bringBack(ours, aws, member.run, {
        ...{ place, wanted, killed, signal },
        checkpoint: checkpoint?.object,
        beside: owners.of(member.id, part ? "part" : "archive"),
      });
      bytes += brought.bytes;
      peakUse = most(peakUse, brought.peakUse);
      if (checkpoint !== undefined) ours.io.out(describeCheckpoint(job, checkpoint));
      member.results = "results are here";
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UserError)) throw error;
      failures.push(member);
      member.results = "results are on AWS";
      ours.io.err(`Error: ${error.message}${error.hint ? ` ${error.hint}` : ""}`);
    }
  };
  let turn = Promise.resolve();
  return {
    add(member) {
      turn = turn.then(() => bring(member));
      // Told by done().
      turn.catch(() => {});
    },
    async done() {
      await turn;
      return { bytes, peakUse, clashes: owners.clashes(), failures };
    },
  };
}

/** Whether a child that failed, or may have, has uploaded nothing. */
async function hasLeftNothing(
  aws: Aws,
  job: Job | undefined,
  part: NonNullable<Member["run"]["part"]>,
  signal: AbortSignal,
): Promise<boolean> {
  return job?.status !== "SUCCEEDED" && (await lastModified(aws, part, signal)) === undefined;
}

function most(one: PeakUse | undefined, other: PeakUse | undefined): PeakUse | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return {
    memoryBytes: Math.max(one.memoryBytes, other.memoryBytes),
    cores: Math.max(one.cores, other.cores),
    diskBytes: Math.max(one.diskBytes, other.diskBytes),
  };
}
