import type { Job, JobAttempt } from "../../aws/batch.ts";

/** The job is tried once more. */
export interface AttemptEvent {
  readonly kind: "attempt";
  /** From 2 on. */
  readonly number: number;
  /** How many attempts there may be. */
  readonly of: number;
  /** How the attempt before ended; undefined where Batch doesn't say. */
  readonly after: JobAttempt | undefined;
}

/** Says once of each attempt but the first that it begins. */
export interface AttemptTeller {
  /** Before lines of this log are shown. */
  ofLog(job: Job, stream: string): readonly AttemptEvent[];
  /** Of attempts that no log announces: of all that have ended, and of one that begins. */
  ofState(job: Job): readonly AttemptEvent[];
}

export function tellAttempts(): AttemptTeller {
  let said = 1;

  const upTo = ({ attempts = [], maxAttempts }: Job, number: number): readonly AttemptEvent[] => {
    const events: AttemptEvent[] = [];
    while (said < number) {
      said += 1;
      const of = Math.max(maxAttempts, said);
      events.push({ kind: "attempt", number: said, of, after: attempts[said - 2] });
    }
    return events;
  };

  return {
    ofLog(job, stream) {
      const { attempts = [] } = job;
      const ended = attempts.findIndex(({ logStream }) => logStream === stream);
      return upTo(job, ended === -1 ? attempts.length + 1 : ended + 1);
    },
    ofState(job) {
      const ended = job.attempts?.length ?? 0;
      const begins = job.status === "STARTING" || job.status === "RUNNING";
      return upTo(job, begins ? ended + 1 : ended);
    },
  };
}
