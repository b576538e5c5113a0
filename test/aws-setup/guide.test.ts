import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../src/aws-setup/parameters.ts";
import { TIME_TO_END } from "../../src/aws-setup/plan.ts";
import { logRetention } from "../../src/aws-setup/retention.ts";
import { demands } from "./guide-demands.ts";
import { asTable, at, type Json, render, template } from "./rendered.ts";
import { storageScript, userData } from "./user-data.ts";

describe.each(demands)("the guide on %s", (_, some) => {
  test.each(some)("$guide", (demand) => {
    const found = at(render(demand.given).Resources, demand.at);
    if (demand.has === undefined) expect(found).toEqual(demand.is);
    else expect(found).toContain(demand.has);
  });
});

describe("the guide, where more than one value answers it", () => {
  test("no parameters and no environment variables in the definition", () => {
    const { Properties } = asTable(render().Resources.JobDefinition);
    expect(Object.keys(asTable(Properties))).not.toContain("Parameters");
    expect(Object.keys(asTable(at(Properties, "ContainerProperties")))).not.toContain("Environment");
  });

  test("group and environment may have any name: CloudFormation gives one", () => {
    const { JobsGroup, ComputeEnvironment } = render().Resources;
    expect(at(JobsGroup, "Properties.GroupName")).toBeUndefined();
    expect(at(ComputeEnvironment, "Properties.ComputeEnvironmentName")).toBeUndefined();
  });

  test("no policy for users or jobs allows more than the guide's, but for the optional one, which only reads", () => {
    const { Resources } = render();
    const allowed = ["BatchPolicy", "BucketPolicy", "LogsPolicy"].map(
      (name) => actionsOf(Resources[name]).length,
    );
    expect(allowed).toEqual([8, 4, 3]);
    for (const action of actionsOf(Resources.ListingPolicy))
      expect(action).toMatch(/:(Describe|List|Get|Simulate)[A-Za-z]+$/);
    expect(Object.keys(render({ CreateListingPolicy: "no" }).Resources)).not.toContain("ListingPolicy");
  });

  test("users may tag jobs and definitions only where that was asked for, and nothing else", () => {
    expect(Object.keys(render().Resources)).not.toContain("TaggingPolicy");
    const { TaggingPolicy } = render({ AllowTagging: "yes" }).Resources;
    expect(at(TaggingPolicy, "Properties.PolicyDocument.Statement")).toEqual([
      {
        Sid: "Tags",
        Effect: "Allow",
        Action: "batch:TagResource",
        Resource: [
          { "Fn::Sub": expect.stringMatching(/:job\/\*$/) },
          { "Fn::Sub": expect.stringMatching(/:job-definition\/\*$/) },
        ],
      },
    ]);
  });

  test("the log group is nobody's alone: it is not in the template, and so is never removed with it", () => {
    expect(JSON.stringify(template.Resources)).not.toContain("AWS::Logs::");
  });

  test("its lines expire with the bucket's objects: 30 days after, or a time of one's own that CloudWatch Logs can keep", () => {
    expect(DEFAULTS.RetentionDays).toBe("30");
    expect([14, 30, 45].map(logRetention)).toEqual([14, 30, 60]);
  });

  test("the engine's disk: all NVMe disks, EBS disks behind them, no reserved blocks, /var/lib/docker", () => {
    // What it does in which order is shown on fake instances.
    const script = storageScript();
    for (const part of [
      "Amazon EC2 NVMe Instance Storage",
      "vgcreate",
      "lvextend",
      "-m 0",
      "/var/lib/docker",
    ]) {
      expect(script).toContain(part);
    }
    expect(userData({ DiskKind: "ebs" })).not.toContain("vgcreate");
  });
});

describe("what the guide doesn't ask for, but AWS does", () => {
  test("the environment can be updated in place, and running jobs get time", () => {
    for (const Spot of ["no", "yes"]) {
      const environment = at(render({ Spot }).Resources, "ComputeEnvironment.Properties");
      expect(at(environment, "ServiceRole")).toBeUndefined();
      expect(at(environment, "ReplaceComputeEnvironment")).toBe(false);
      expect(at(environment, "UpdatePolicy")).toEqual({
        TerminateJobsOnUpdate: false,
        JobExecutionTimeoutMinutes: TIME_TO_END / 60,
      });
      expect(at(environment, "ComputeResources.Type")).toBe(Spot === "yes" ? "SPOT" : "EC2");
      expect(at(environment, "ComputeResources.AllocationStrategy")).toBe(
        Spot === "yes" ? "SPOT_PRICE_CAPACITY_OPTIMIZED" : "BEST_FIT_PROGRESSIVE",
      );
    }
  });

  test("nothing with a fixed name has a text that can't be changed without replacing it", () => {
    for (const [name, resource] of Object.entries(render().Resources)) {
      if (at(resource, "Properties.ManagedPolicyName") === undefined) continue;
      expect(at(resource, "Properties.Description"), name).toBeUndefined();
    }
  });

  test("jobs that can never start leave the queue, within the times that AWS takes", () => {
    const actions = at(render().Resources, "JobQueue.Properties.JobStateTimeLimitActions");
    expect(actions).toEqual(
      [
        ["MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", 1800],
        ["MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", 1800],
        ["CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", 86400],
      ].map(([Reason, MaxTimeSeconds]) => ({ Reason, State: "RUNNABLE", MaxTimeSeconds, Action: "CANCEL" })),
    );
  });

  test("a bucket outlives its stack, but not a creation that failed; its connections are encrypted, and so are its objects", () => {
    const { Bucket, BucketTlsOnly } = render().Resources;
    for (const kept of [Bucket, BucketTlsOnly]) {
      expect(at(kept, "DeletionPolicy")).toBe("RetainExceptOnCreate");
      expect(at(kept, "UpdateReplacePolicy")).toBe("Retain");
    }
    expect(at(BucketTlsOnly, "Properties.PolicyDocument.Statement.0")).toMatchObject({
      Effect: "Deny",
      Principal: "*",
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    });
    expect(JSON.stringify(at(Bucket, "Properties.BucketEncryption"))).toContain('"SSEAlgorithm":"AES256"');
    expect(at(Bucket, "Properties.LifecycleConfiguration.Rules.1.AbortIncompleteMultipartUpload")).toEqual({
      DaysAfterInitiation: 7,
    });
  });

  test("policies that are created go to the role and the group that are adopted", () => {
    const { Resources } = render({ ExistingJobRole: "LabJobs", ExistingGroup: "lab" });
    expect(at(Resources, "BucketPolicy.Properties.Roles")).toEqual(["LabJobs"]);
    for (const name of ["BatchPolicy", "BucketPolicy", "LogsPolicy", "ListingPolicy"]) {
      expect(at(Resources, `${name}.Properties.Groups`)).toEqual(["lab"]);
    }
    expect(at(render().Resources, "BucketPolicy.Properties.Roles")).toBeUndefined();
  });

  test("the console's form has every parameter once, in a group and with a label", () => {
    const form = asTable(at(template, "Metadata.AWS::CloudFormation::Interface"));
    const grouped = (form.ParameterGroups as readonly Json[]).flatMap(
      (group) => at(group, "Parameters") as readonly string[],
    );
    const names = Object.keys(asTable(template.Parameters)).sort();
    expect([...grouped].sort()).toEqual(names);
    expect(Object.keys(asTable(form.ParameterLabels)).sort()).toEqual(names);
  });
});

function actionsOf(policy: Json | undefined): readonly string[] {
  const statements = at(policy, "Properties.PolicyDocument.Statement") as readonly Json[];
  return statements.flatMap((statement) => at(statement, "Action") as string | readonly string[]);
}
