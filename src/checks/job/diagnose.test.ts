import { describe, expect, test } from "vitest";
import { adviseDisk } from "./advice.ts";
import { diagnose, symptoms } from "./diagnose.ts";
import type { JobEvidence } from "./evidence.ts";
import { ended, failed, makeEnvironment, makeEvidence, makeJob, s3Error, seen } from "./testing.ts";
import { awsFailures } from "./testing-aws-failures.ts";
import { jobFailures } from "./testing-job-failures.ts";
import { programFailures } from "./testing-program-failures.ts";
import { waitingJobs } from "./testing-waiting.ts";

const states = [...awsFailures, ...jobFailures, ...programFailures, ...waitingJobs];

test.each(states)("%s: %s", (symptom, _, evidence) => {
  expect(diagnose(evidence)?.id).toBe(`job.${symptom}`);
});

test("every symptom of the table is shown here", () => {
  const shown = new Set(states.map(([symptom]) => symptom));
  const all = [...symptoms.failed, ...symptoms.waiting].map(({ id }) => id);
  expect(new Set(all)).toEqual(shown);
  expect(new Set(all).size).toBe(all.length);
});

test("the words, to be read aloud", async () => {
  const text = states.map(([symptom, state, evidence]) => {
    const { mark, says, mend } = diagnose(evidence) ?? {};
    return `## ${symptom} (${state}): ${mark}\n\n${says}\n\nWhat to do: ${mend}\n`;
  });
  await expect(text.join("\n")).toMatchFileSnapshot("words.snapshot.md");
});

describe("the words", () => {
  const words = states.map(([, , evidence]) => diagnose(evidence));
  /** Without what AWS or the job says itself. */
  const plain = words.map((one) => `${one?.says} ${one?.mend}`.replace(/“[^”]*”/g, ""));

  test.each([
    [
      /\bRUNNABLE\b|\bstatusReason\b|\bCE\(s\)|\bAMI\b|\bECS\b|\bOOM\b|\bSIGKILL\b|\bundefined\b|\bNaN\b/,
      undefined,
    ],
    [/\bspot\b/, /cheaper, as they are left over from others|--spot/],
    [/\bregistry\b/, /the place where it is kept \(its registry\)|your own account's registry/],
    [/vCPUs/, /vCPUs \(cores\)|limit of vCPUs/],
    [
      /the compute environment /,
      /the setting of which computers to start|subnets of the compute environment/,
    ],
  ])("%s is explained, or isn't there", (jargon, explanation) => {
    const unexplained = plain.filter((one) => jargon.test(one) && !explanation?.test(one));
    expect(unexplained).toEqual([]);
  });

  test("are sentences, and every one has a next step", () => {
    for (const one of words) {
      expect(one?.says).toMatch(/^[A-Z0-9].*\.$/);
      expect(one?.mend).toMatch(/^[A-Z].*[a-z0-9).]$/i);
    }
  });
});

describe("nothing is said of", () => {
  test.each<[string, JobEvidence]>([
    ["a job that runs", makeEvidence({ job: makeJob({ status: "RUNNING" }) })],
    ["a job that succeeded", makeEvidence({ job: makeJob({ status: "SUCCEEDED", exitCode: 0 }) })],
  ])("%s", (_, evidence) => {
    expect(diagnose(evidence)).toBeUndefined();
  });
});

describe("no more than the exit status is said of", () => {
  test.each<[string, JobEvidence]>([
    ["a program's own exit status", ended(3)],
    ["a program that ends as zip does where it can't read", ended(18)],
    [
      "a program that may not do something on S3 itself",
      ended(1, { logEnd: [s3Error("403"), "+ exit 1"], step: "over" }),
    ],
    [
      "a program that is refused by S3 and then killed with its entrypoint",
      ended(2, { logEnd: [s3Error("403")], step: "running the program" }),
    ],
  ])("%s", (_, evidence) => {
    expect(diagnose(evidence)?.id).toBe("job.program-failed");
  });
});

describe("on Fargate", () => {
  const container = { image: "i", vcpus: 4, timeoutSeconds: undefined, roleArn: undefined, onFargate: true };
  const reason = "OutOfMemoryError: Container killed due to memory usage";

  test("the memory to try is a size that Fargate has, and the disk the definition's", () => {
    const killed = (memoryMib: number) =>
      diagnose(failed({ reason, container: { ...container, memoryMib } }))?.mend;
    expect(killed(8_192)).toContain("--cpus 4 --memory 12288mib");
    expect(killed(30_720)).toContain("--cpus 8 --memory 49152mib");
    expect(killed(122_880)).toContain("EC2");
    expect(adviseDisk({ isLocal: false, onFargate: true })).toMatch(/ephemeral storage, up to 200 GiB/);
  });
});

describe("the memory to try", () => {
  const killed = (memoryMib: number, instanceTypes?: readonly string[]) =>
    diagnose(
      failed(
        {
          reason: "OutOfMemoryError: Container killed due to memory usage",
          container: { image: "i", vcpus: 4, memoryMib, timeoutSeconds: undefined, roleArn: undefined },
        },
        instanceTypes && { environments: seen([makeEnvironment(instanceTypes)]) },
      ),
    )?.mend;
  test.each([
    // A c5.large would do, but for its two vCPUs.
    [2_000, ["c5"], "--memory 7400mib"],
    [7_400, undefined, "--memory 15200mib"],
    [7_400, ["c5"], "--memory 15200mib"],
    [7_400, ["c5.4xlarge"], "--memory 31000mib"],
    [15_200, ["c5.xlarge", "c5.2xlarge", "c5.4xlarge"], "--memory 31000mib"],
    [31_000, ["c5.4xlarge"], "--instance-types r5"],
    // What AWS chooses from by itself is not known.
    [7_400, ["optimal"], "--memory 15200mib"],
  ])("after %i MiB on %j: %s", (memoryMib, types, advice) => {
    expect(killed(memoryMib, types)).toContain(advice);
  });
});
