import { attempt, type Case, ended, failed, s3Error } from "./testing.ts";

/** Jobs whose own log, exit status or rules tell of their failure. */
export const jobFailures: readonly Case[] = [
  [
    "bad-credentials",
    "passed to the job",
    ended(1, {
      step: "variables",
      logEnd: [
        "An error occurred (InvalidAccessKeyId) when calling the DeleteObject operation: The AWS Access Key Id you provided does not exist in our records.",
      ],
    }),
  ],
  [
    "variables-gone",
    "the only attempt",
    ended(1, { step: "variables", logEnd: [s3Error("404", "HeadObject")] }),
  ],
  [
    "variables-gone",
    "a second attempt",
    failed(
      { exitCode: 1, attempts: [attempt, attempt] },
      { step: "variables", logEnd: [s3Error("404", "HeadObject")] },
    ),
  ],
  [
    "directory-gone",
    "deleted",
    ended(1, { step: "fetching the directory", logEnd: [s3Error("404", "HeadObject")] }),
  ],
  [
    "bucket-denied",
    "reading",
    ended(1, {
      step: "fetching the directory",
      logEnd: ["fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden"],
    }),
  ],
  [
    "bucket-denied",
    "by its key",
    ended(1, {
      step: "storing the results",
      logEnd: [
        "upload failed: ../build.zip to s3://nextstrain-jobs/run.zip An error occurred (AccessDenied) when calling the PutObject operation: User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: kms:GenerateDataKey on resource: z",
      ],
    }),
  ],
  [
    "bucket-denied",
    "writing",
    ended(1, {
      step: "storing the results",
      logEnd: [
        "upload failed: ../build.zip to s3://nextstrain-jobs/run.zip An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
      ],
    }),
  ],
  [
    "results-not-stored",
    "expired",
    ended(1, {
      step: "storing the results",
      logEnd: [
        "upload failed: ../build.zip to s3://nextstrain-jobs/run.zip An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.",
      ],
    }),
  ],
  [
    "directory-not-fetched",
    "another reason",
    ended(1, {
      step: "fetching the directory",
      logEnd: ["fatal error: An error occurred (InternalError) when calling the GetObject operation: x"],
    }),
  ],
  [
    "directory-not-unpacked",
    "damaged",
    ended(9, {
      step: "unpacking the directory",
      logEnd: ["  End-of-central-directory signature not found."],
    }),
  ],
  [
    "results-unreadable",
    "no permission",
    ended(18, {
      step: "packing the results",
      logEnd: [
        "zip warning: Permission denied",
        "zip warning: could not open for reading: results/private.txt",
      ],
    }),
  ],
  ["killed", "no reason given", ended(137, { step: "running the program" })],
  ["killed", "on this computer", ended(137, { step: "running the program", isLocal: true })],
  [
    "program-out-of-memory",
    "bash tells of a child",
    ended(1, {
      failedRules: ["align"],
      logEnd: ["/usr/bin/bash: line 1:  4711 Killed                  augur align --nthreads 4"],
    }),
  ],
  [
    "program-out-of-memory",
    "Augur tells of one that it ran",
    ended(1, {
      failedRules: ["tree"],
      ruleLogs: [
        "ERROR: Shell exited from fatal signal SIGKILL when running: iqtree2 -T 4 -s aligned.fasta",
        "The OS may have terminated the command due to an out-of-memory condition.",
      ],
    }),
  ],
  [
    "program-out-of-memory",
    "NumPy",
    ended(1, {
      failedRules: ["filter"],
      logEnd: ["numpy._core._exceptions._ArrayMemoryError: Unable to allocate 8.00 GiB for an array"],
    }),
  ],
  [
    "program-out-of-memory",
    "R",
    ended(1, { failedRules: ["plot"], logEnd: ["Error: cannot allocate vector of size 7.5 Gb"] }),
  ],
  ["program-not-found", "snakemake missing", ended(127)],
  ["program-not-found", "on this computer", ended(127, { isLocal: true, withoutImage: true })],
  [
    "program-of-another-processor",
    "bash tells of it",
    ended(126, { logEnd: ["/usr/bin/bash: line 1: ./tool: cannot execute binary file: Exec format error"] }),
  ],
  ["program-not-executable", "a script", ended(126)],
  ["other-failure", "new words", failed({ startedAt: undefined, statusReason: "Something new." })],
  ["rules-failed", "one rule", ended(1, { failedRules: ["align"] })],
  ["rules-failed", "many rules", ended(1, { failedRules: ["a", "b", "c", "d", "e", "f", "g"] })],
];
