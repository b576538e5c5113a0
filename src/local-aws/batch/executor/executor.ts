import type { LogEvent } from "../log-sink.ts";
import type { ProcessIdentity, Size } from "../types.ts";

/** One attempt of a job, as something to be run. */
export interface Attempt {
  readonly jobId: string;
  /** From 1. */
  readonly number: number;
  /** A directory of the attempt's own, not there yet; removed when the attempt has ended. */
  readonly directory: string;
  readonly image: string;
  /** What it asked for: limits, where the executor can set some. */
  readonly size: Size;
  readonly command: readonly string[];
  /** All that the container is given; the executor adds what belongs to the image (PATH, HOME, TMPDIR). */
  readonly environment: Readonly<Record<string, string>>;
  /** Takes the lines of standard output and standard error, in order. */
  readonly append: (events: readonly LogEvent[]) => Promise<void>;
}

/** How a container ended. */
export interface ContainerEnd {
  /** 128 + n where signal n ended it; undefined where it never ran, or was lost with its host. */
  readonly exitCode?: number;
  /** Why it could not start, or was killed, in ECS's words. */
  readonly reason?: string;
  /** The attempt's, where it does not follow from the rest. */
  readonly statusReason?: string;
}

export interface RunningContainer {
  /** Resolves when there is a process, or with undefined when there will be none. */
  readonly started: Promise<ProcessIdentity | undefined>;
  /** Resolves when every process has ended and every line has been handed to `append`. Never rejects. */
  readonly ended: Promise<ContainerEnd>;
  /** As `docker stop`: SIGTERM for the main process, SIGKILL for all after the stop timeout. */
  stop(): void;
  /** SIGKILL for all. */
  kill(): void;
}

/** What runs jobs. */
export interface Executor {
  /** Whether jobs see neither their user's files nor other processes; absent where that is not known. */
  isApart?(): Promise<boolean>;
  run(attempt: Attempt): RunningContainer;
  /** Ends what a daemon that died left of an attempt, and removes its directory. */
  cleanUp(left: {
    readonly jobId: string;
    readonly directory: string;
    readonly process: ProcessIdentity | undefined;
  }): Promise<void>;
}
